"""Short codes that people say to each other: of a case, and of a group of cases.

A case has eight random digits and a Verhoeff check digit, said as 482-913-057; a group has seven
and one, said as 12-34-56-78, so that nobody takes the one for the other. Digits only, so that they
can be typed with Khmer digits, read over the phone, and tapped on any keypad. Verhoeff catches each
single wrong digit and each swap of neighbours.
"""

import secrets
import unicodedata

from stdnum import verhoeff
from stdnum.exceptions import ValidationError

DIGITS = 9
GROUP_DIGITS = 8

_ON_A_DIGIT = frozenset("\ufe0e\ufe0f\u20e3")
"""What makes a keycap of a digit (4️⃣); the digit stays a digit."""


class WrongCode(Exception):
    """What was typed is not such a code: wrong length, words amid the digits, wrong check digit."""


def new_code() -> str:
    """Draw a new case code (nine digits). The caller makes sure that it is not taken."""
    return _new(DIGITS)


def new_group_code() -> str:
    """Draw a new group code (eight digits). The caller makes sure that it is not taken."""
    return _new(GROUP_DIGITS)


def spoken(code: str) -> str:
    """Group the digits of a case code in threes: 482-913-057."""
    return _in_groups(code, 3)


def spoken_group(code: str) -> str:
    """Group the digits of a group code in pairs: 12-34-56-78."""
    return _in_groups(code, 2)


def read(typed: str) -> str:
    """Read a case code as people type it: Khmer or Thai digits, spaces, dashes, words around it.

    Raises WrongCode, also when there are digits that are no part of it.
    """
    return _read(typed, DIGITS)


def read_group(typed: str) -> str:
    """Read a group code as people type it, like `read`. Raises WrongCode."""
    return _read(typed, GROUP_DIGITS)


def _new(length: int) -> str:
    body = f"{secrets.randbelow(10 ** (length - 1)):0{length - 1}d}"
    return body + verhoeff.calc_check_digit(body)


def _in_groups(code: str, size: int) -> str:
    return "-".join(code[i : i + size] for i in range(0, len(code), size))


def _read(typed: str, length: int) -> str:
    digits = _digits(typed)
    if len(digits) != length:
        raise WrongCode(f"this code has {length} digits")
    try:
        return str(verhoeff.validate(digits))
    except ValidationError as error:
        raise WrongCode("the last digit does not fit") from error


def _digits(typed: str) -> str:
    """Give the digits. Raises WrongCode when words stand between them: that is no one number."""
    digits, word_after = "", False
    for sign in typed:
        value = unicodedata.decimal(sign, None)
        if value is not None:
            if word_after:
                raise WrongCode("there are words amid the digits")
            digits += str(value)
        elif digits and unicodedata.category(sign)[0] in "LMN" and sign not in _ON_A_DIGIT:
            word_after = True
    return digits
