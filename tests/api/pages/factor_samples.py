"""Invented views of the pages about the second factor and the own account."""

from datetime import UTC, datetime

from api.pages.account_views import AccountPageView, PasskeyLine, SessionLine
from api.pages.second_factor import WRONG_CODE
from api.pages.second_factor_views import AskView, CodesView, SetUpView, grouped
from api.pages.verify import drawn

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
ORIGIN = "https://samleng.a-long-name-of-a-ministry.example"
SECRET = "INVENTEDINVENTEDINVENTEDINVENTED"
QR = drawn(f"otpauth://totp/Samleng:prey-veng%40mrc.demo?secret={SECRET}&issuer=Samleng")
ASK = AskView("/second-factor", ORIGIN, totp=True, passkeys=True)
SET_UP = SetUpView(
    "/second-factor/new", "/second-factor/new", ORIGIN, QR, tuple(grouped(SECRET)), "Firefox, Linux"
)
CODES = tuple(f"{n}NVEN-TED{n}X" for n in range(10))
ACCOUNT = AccountPageView(
    email="a-very-long-name-of-a-person@a-long-name-of-a-ministry.example",
    origin=ORIGIN,
    totp_since=NOW,
    passkeys=(
        PasskeyLine("aW52ZW50ZWQ", "ទូរសព្ទរបស់ខ្ញុំ" * 3, NOW, None),
        PasskeyLine("aW52ZW50ZWQy", "", NOW, NOW),
    ),
    codes_left=9,
    sessions=(
        SessionLine("1" * 64, "Samsung Internet, Android", NOW, NOW, here=True),
        SessionLine("2" * 64, "", NOW, NOW, here=False),
    ),
    removable=True,
    least=12,
    done="The password is changed. All other sessions have ended.",
)
BARE = AccountPageView("x@mrc.demo", ORIGIN, None, (), 0, (), removable=True, least=12)

PAGES: tuple[tuple[str, str, object, bool], ...] = (
    ("second_factor", "second_factor.html", ASK, False),
    (
        "second_factor_wrong",
        "second_factor.html",
        AskView("/second-factor", ORIGIN, totp=True, problem=WRONG_CODE),
        False,
    ),
    (
        "confirm",
        "second_factor.html",
        AskView("/confirm", ORIGIN, totp=True, passkeys=True, again=True, back="/members"),
        True,
    ),
    (
        "confirm_in_demo",
        "second_factor.html",
        AskView("/confirm", ORIGIN, by_password=True, again=True, back="/members"),
        True,
    ),
    ("set_up_factor", "set_up_factor.html", SET_UP, False),
    ("set_up_program", "set_up_factor.html", SetUpView(
        "/account/authenticator", "/account/passkeys", ORIGIN, QR, tuple(grouped(SECRET)),
        first=False, problem=WRONG_CODE,
    ), True),
    ("codes", "recovery_codes.html", CodesView(CODES, "/second-factor/written", half=True), False),
    ("codes_of_account", "recovery_codes.html", CodesView(CODES, "/account", half=False), True),
    ("codes_lost", "recovery_codes.html", CodesView((), "/second-factor/written", True), False),
    ("account", "account.html", ACCOUNT, True),
    ("account_bare", "account.html", BARE, True),
)  # fmt: skip
