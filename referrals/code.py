"""A case's short code: eight random digits and a Verhoeff check digit, said as 482-913-057.

Digits only, so that it can be typed with Khmer digits, read over the phone, and tapped on any
keypad. Verhoeff catches each single wrong digit and each swap of neighbours.
"""

import secrets
import unicodedata

from stdnum import verhoeff
from stdnum.exceptions import ValidationError

DIGITS = 9


class WrongCode(Exception):
    """What was typed is not a case code: wrong length or wrong check digit."""


def new_code() -> str:
    """Draw a new code (nine digits). The caller makes sure that it is not taken."""
    body = f"{secrets.randbelow(10 ** (DIGITS - 1)):0{DIGITS - 1}d}"
    return body + verhoeff.calc_check_digit(body)


def spoken(code: str) -> str:
    """Group the digits in threes."""
    return "-".join(code[i : i + 3] for i in range(0, DIGITS, 3))


def read(typed: str) -> str:
    """Read a code as people type it: Khmer or Thai digits, spaces, dashes. Raises WrongCode."""
    digits = "".join(
        str(unicodedata.decimal(c)) for c in typed if unicodedata.decimal(c, None) is not None
    )
    if len(digits) != DIGITS:
        raise WrongCode("a case code has nine digits")
    try:
        return str(verhoeff.validate(digits))
    except ValidationError as error:
        raise WrongCode("the last digit does not fit") from error
