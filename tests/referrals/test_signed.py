"""A receipt is ours, says little, and cannot be changed by a letter."""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import delete, select

from referrals import case, consent, lodging, signed
from referrals.directory import Organisation
from referrals.serverkey import ServerKey
from referrals.signed import NotGenuine, Receipt, check, sign
from referrals.taxonomy import PHASE_OF, Category, ConsentCode, Country, Phase
from tests.house import START, Town, empty_site

OURS = ServerKey(root=bytes(range(32)), keys=(bytes(32),))
ANOTHERS = ServerKey(root=bytes(range(1, 33)), keys=(bytes(32),))
OFFICES = ("0123456789abcdef0123456789abcdef", "f" * 32)
RECEIPT = Receipt("060257703", date(2026, 11, 21), OFFICES, Phase.WORK)
KNOWN = (
    "AQOXdacJ1AICASNFZ4mrze8BI0VniavN7_____________________-otjDnIyoidWGKAugJrr-r-wXWo7C2qpkN8Shx"
    "_QmS-9JZdyZwQhml-ickF1yxO3B7i_jyF1P0igy9JIR24rUH"
)
"""RECEIPT, signed by OURS: what is printed today must still be read in ten years."""

RFC_8032 = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
"""Secret, public key, message, signature: tests 1 to 3 of RFC 8032, section 7.1."""


class KnownSeed(ServerKey):
    """A server key whose seed for receipts is given."""

    def derived(self, purpose: str) -> bytes:
        assert purpose == "receipt"
        return self.root


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(of: bytes) -> str:
    return base64.urlsafe_b64encode(of).rstrip(b"=").decode()


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_ed25519_is_that_of_rfc_8032(
    secret: str, public: str, message: str, signature: str
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.sign(bytes.fromhex(message)).hex() == signature
    ours = KnownSeed(root=bytes.fromhex(secret), keys=())
    shown = load_pem_public_key(signed.public_key(ours).encode())
    assert isinstance(shown, Ed25519PublicKey)
    assert shown.public_bytes_raw().hex() == public


def test_anybody_can_check_a_receipt_with_the_public_key_alone() -> None:
    shown = load_pem_public_key(signed.public_key(OURS).encode())
    assert isinstance(shown, Ed25519PublicKey)
    held = raw(sign(OURS, RECEIPT))
    shown.verify(held[-64:], held[:-64])
    with pytest.raises(InvalidSignature):
        shown.verify(held[-64:], held[:-64] + b"\0")


def test_the_form_of_a_receipt_never_changes() -> None:
    assert sign(OURS, RECEIPT) == KNOWN
    held = raw(KNOWN)
    assert held[0] == 1
    assert int.from_bytes(held[1:5], "big") == 60_257_703
    assert int.from_bytes(held[5:7], "big") == (date(2026, 11, 21) - date(2020, 1, 1)).days
    assert (held[7], held[8]) == (2, 2)
    assert held[9:41].hex() == "".join(OFFICES)
    assert len(held) == 41 + 64


@given(
    code=st.integers(0, 999_999_999),
    day=st.dates(date(2020, 1, 1), date(2199, 1, 1)),
    offices=st.lists(st.binary(min_size=16, max_size=16), max_size=signed.MOST_OFFICES),
    topic_class=st.sampled_from(Phase),
)
def test_what_was_signed_is_what_is_read(
    code: int, day: date, offices: list[bytes], topic_class: Phase
) -> None:
    receipt = Receipt(f"{code:09d}", day, tuple(each.hex() for each in offices), topic_class)
    made = sign(OURS, receipt)
    assert check(OURS, made) == receipt
    assert len(made) <= signed.TEXT_LIMIT


@pytest.mark.parametrize(
    "changed",
    [
        replace(RECEIPT, code="482913057"),
        replace(RECEIPT, day=date(2026, 11, 20)),
        replace(RECEIPT, offices=OFFICES[:1]),
        replace(RECEIPT, offices=OFFICES[::-1]),
        replace(RECEIPT, topic_class=Phase.ABUSE),
    ],
    ids=["code", "day", "one office less", "order of offices", "topic class"],
)
def test_no_part_can_be_changed_under_the_old_signature(changed: Receipt) -> None:
    forged = raw(sign(OURS, changed))[:-64] + raw(sign(OURS, RECEIPT))[-64:]
    with pytest.raises(NotGenuine):
        check(OURS, text(forged))


def test_no_byte_can_be_changed() -> None:
    held = raw(sign(OURS, RECEIPT))
    for at in range(len(held)):
        with pytest.raises(NotGenuine):
            check(OURS, text(held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :]))


def test_the_text_has_one_spelling_only() -> None:
    # One office: 89 bytes, so that the last character has bits to spare.
    made = sign(OURS, replace(RECEIPT, offices=OFFICES[:1]))
    assert len(made) % 4 == 3
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".index(made[-1])
    others = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last + 1]
    for spelled in (made + "=", " " + made, made + "\n", made[:9] + "!" + made[9:]):
        with pytest.raises(NotGenuine):
            check(OURS, spelled)
    assert raw(made[:-1] + others) == raw(made)
    with pytest.raises(NotGenuine):
        check(OURS, made[:-1] + others)


def test_a_receipt_of_another_installation_is_not_ours() -> None:
    with pytest.raises(NotGenuine):
        check(OURS, sign(ANOTHERS, RECEIPT))


@pytest.mark.parametrize(
    "nonsense", ["", "A", "AAAA", "A" * 97, "ក" * 120, "A" * 100_000, "482-913-057", "\0" * 120]
)
def test_what_is_no_receipt_is_refused(nonsense: str) -> None:
    with pytest.raises(NotGenuine):
        check(OURS, nonsense)


@pytest.mark.parametrize(
    "body",
    [
        b"\x02" + bytes(6) + b"\x01\x00",
        b"\x01" + bytes(6) + b"\x07\x00",
        b"\x01" + bytes(6) + b"\x01\x01",
    ],
    ids=["version", "class", "offices"],
)  # fmt: skip
def test_a_form_that_is_not_known_is_refused_though_the_signature_fits(body: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(OURS.derived("receipt"))
    with pytest.raises(NotGenuine):
        check(OURS, text(body + key.sign(body)))


@pytest.mark.parametrize("offices", [("kampot",), ("ab",), OFFICES * 13])
def test_offices_that_do_not_fit_are_not_signed(offices: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"receipt|hexadecimal"):
        sign(OURS, replace(RECEIPT, offices=offices))


def test_every_class_of_topic_has_a_number_of_its_own() -> None:
    assert signed.CLASS_NUMBERS.keys() == set(Phase)
    assert sorted(signed.CLASS_NUMBERS.values()) == list(range(1, len(Phase) + 1))


def test_the_key_outlives_a_rotation_of_the_servers_keys() -> None:
    rotated = ServerKey(root=OURS.root, keys=(bytes([7]) * 32, *OURS.keys))
    assert check(rotated, sign(OURS, RECEIPT)) == RECEIPT


@pytest.mark.parametrize(
    ("lodged", "day"),
    [
        (datetime(2026, 11, 21, 16, 59, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 11, 21, 17, 0, tzinfo=UTC), date(2026, 11, 22)),
    ],
)
def test_the_day_is_that_of_phnom_penh(lodged: datetime, day: date) -> None:
    assert signed.local_day(lodged) == day


# --- Of cases ----------------------------------------------------------------------------------


def stated(town: Town, code: str) -> Receipt:
    with town.site.store.reading() as session:
        found = signed.for_code(session, code)
    assert found is not None
    return found


def test_a_receipt_states_the_class_of_the_topic_and_every_office(town: Town) -> None:
    receipt = stated(town, code := town.lodges("រឿង", category="violence_harassment"))
    assert (receipt.code, receipt.day) == (code, date(2026, 11, 21))
    assert receipt.topic_class is PHASE_OF[Category.VIOLENCE_HARASSMENT] is Phase.ABUSE
    with town.site.store.reading() as session:
        row = case.by_code(session, code)
        names = [each.name_en for each in signed.named_offices(session, receipt) if each]
        routed = [each.organisation_name_en for each in case.receipt(session, row).routes]
    assert names == routed
    assert len(names) >= 2


def test_one_who_only_asks_to_be_written_to_gets_a_receipt_too(town: Town) -> None:
    agreed = [
        consent.Asked(code, True, 1, "km", "ពាក្យ", START)
        for code in (ConsentCode.STORE, ConsentCode.SHARE_MRC, ConsentCode.CONTACT_ME)
    ]
    with town.site.store.writing() as session:
        lodged = lodging.request_callback(
            session, town.site, conversation="d" * 64, channel="web", update="u-9",
            category=Category.MISSING_PERSON, country=Country.TH, province="KH-14",
            language="km", danger=False, asked=agreed,
        )  # fmt: skip
    receipt = stated(town, lodged.code)
    assert receipt.topic_class is Phase.ABUSE
    assert len(receipt.offices) == 1


def test_the_link_leads_to_a_receipt_that_checks(town: Town) -> None:
    code = town.lodges("រឿង")
    with town.site.store.writing() as session:
        row = case.by_code(session, code)
        link = signed.link(session, town.site, row, "https://example.org/")
        assert link is not None
        start, _, signed_text = link.partition("?r=")
        assert start == "https://example.org/receipt"
        assert check(town.site.server_key, signed_text) == signed.of_case(session, row)
        row.language = "en"
        english = signed.link(session, town.site, row, "https://example.org")
        assert english == f"{link}&language=en"
        assert signed.link(session, town.site, row, None) is None


def test_a_receipt_outlives_its_case(town: Town) -> None:
    receipt = stated(town, code := town.lodges("រឿង"))
    made = sign(town.site.server_key, receipt)
    with town.site.store.writing() as session:
        assert signed.still_kept(session, receipt)
        assert not signed.still_kept(session, replace(receipt, day=date(2026, 1, 1)))
        session.exec(delete(case.Case).where(case.Case.code == code))
        assert not signed.still_kept(session, receipt)
        assert signed.for_code(session, code) is None
    assert check(town.site.server_key, made) == receipt


def test_an_office_that_left_the_directory_leaves_its_place_empty(town: Town) -> None:
    with town.site.store.writing() as session:
        (office, *_) = session.exec(select(Organisation))
        receipt = replace(RECEIPT, offices=(OFFICES[1], office.id))
        assert signed.named_offices(session, receipt) == [None, office]


def test_two_installations_have_two_keys(tmp_path: Path) -> None:
    one, other = (empty_site(tmp_path / name).server_key for name in ("one", "other"))
    assert signed.public_key(one) != signed.public_key(other)
    assert check(one, sign(one, RECEIPT)) == RECEIPT
    with pytest.raises(NotGenuine):
        check(other, sign(one, RECEIPT))
