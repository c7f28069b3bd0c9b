"""Promise 2: every column is sealed, pseudonymous or harmless, and somebody said why.

The planted words of tests/test_whole_road.py are looked for in every file; this is the other half:
nobody adds a column without deciding what it may hold.
"""

import importlib
import pkgutil

import pytest
from sqlalchemy import LargeBinary
from sqlmodel import SQLModel

import api.factors
import api.sessions
import api.tries
import bot.content.living
import bot.conversation
import bot.news
import bot.parcel
import bot.trace
import referrals
from bot.queue_seal import QueueSeal
from referrals.sealing import CannotOpen, SealedField, new_key
from tests.house import Town

for _module in pkgutil.iter_modules(referrals.__path__):
    importlib.import_module(f"referrals.{_module.name}")

SEALED, PSEUDONYMOUS, HARMLESS, STAFF, PUBLIC = (
    "sealed",
    "pseudonymous",
    "harmless",
    "staff",
    "public",
)
"""staff: about people who work here, not migrants. public: names of offices, public keys."""

INVENTORY: dict[str, dict[str, tuple[str, str]]] = {
    "alarm": {
        "id case_id step": (HARMLESS, "which case cannot wait, and how many were called"),
        "raised_at answered_at given_up_at told_at": (HARMLESS, "times"),
        "answered_by": (STAFF, "who looks after it"),
    },
    "alarm_call": {
        "alarm_id called_at reached": (HARMLESS, "which alarm, when, and whether it arrived"),
        "member_id": (STAFF, "who was called"),
    },
    "alert": {
        "id country as_of state": (HARMLESS, "which news, about which country and day"),
        "created_at started_at ended_at": (HARMLESS, "when it was written and sent"),
        "text_km text_en source_km source_en": (PUBLIC, "our own words, sent to whoever asked"),
        "author_id": (STAFF, "who wrote it last"),
    },
    "alert_delivery": {
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "alert_id state at": (HARMLESS, "which news, what became of it, and when"),
    },
    "answer_version": {
        "id topic country over at": (HARMLESS, "which version of which answer"),
        "body": (PUBLIC, "our own words, as migrants are told them"),
        "note author_id": (STAFF, "who changed it, and why"),
    },
    "assisted": {
        "conversation": (PSEUDONYMOUS, "HMAC under the server key, for a day"),
        "member_id": (STAFF, "who helps a visitor"),
        "begun": (HARMLESS, "when"),
    },
    "audit": {
        "id act member_id organisation_id subject": (STAFF, "codes: who did what"),
        "at case_id": (HARMLESS, "when, and which case by its random id"),
    },
    "audit_head": {
        "number digest at signature": (HARMLESS, "how long the chain was, signed"),
    },
    "audit_link": {
        "number audit_id digest": (HARMLESS, "the audit's chain of hashes"),
    },
    "case": {
        "id code": (HARMLESS, "random"),
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "lodged_by": (PSEUDONYMOUS, "hash or number of a delivery"),
        "channel language complainant category country province": (HARMLESS, "codes of the menu"),
        "confidentiality danger callback status": (HARMLESS, "codes"),
        "public_key": (PUBLIC, "key"),
        "sealed_private_key": (SEALED, "under the case key"),
        "lodged_at first_opened handler_id": (HARMLESS, "times, and the member who acts"),
        "minor group_id": (HARMLESS, "whether a child is concerned; a random id"),
        "assisted_by": (STAFF, "who helped to lodge it"),
        "closed_at closed_by satisfied money counted": (HARMLESS, "codes: how it ended"),
        "warned_at keep_until": (HARMLESS, "when it will be erased"),
    },
    "case_field": {
        "id case_id name at": (HARMLESS, "which field of which case"),
        "sealed": (SEALED, "under the case key"),
    },
    "case_file": {
        "id case_id update number name kind at added_later": (HARMLESS, "which file of which case"),
        "media_type": (HARMLESS, "needed to show it"),
        "size": (HARMLESS, "bytes on disk, padded to a size class"),
        "sealed_key": (SEALED, "under the case key, or to the case's public key"),
    },
    "case_group": {
        "id code": (HARMLESS, "random"),
        "category country begun": (HARMLESS, "codes: what whoever has the code may learn"),
    },
    "case_reader": {
        "case_id member_id named_by at": (STAFF, "who may open a restricted case"),
    },
    "consent": {
        "id case_id code granted version language at": (HARMLESS, "what was agreed to"),
        "words": (PUBLIC, "our own words, as they were shown"),
    },
    "contact": {
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "channel last_heard": (HARMLESS, "opens Messenger's window"),
        "sealed_address": (SEALED, "under the server key"),
    },
    "conversation": {
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "language awaiting begun danger_at": (HARMLESS, "codes and times"),
        "child_at hidden_at": (HARMLESS, "times"),
        "country low_data": (HARMLESS, "codes: asked about last; whether a voice is sent"),
        "cleared": (HARMLESS, "when the chat was last cleared"),
        "about_case": (HARMLESS, "the code of a case: random"),
        "typed": (PSEUDONYMOUS, "number of a delivery, and whether a secret was right"),
    },
    "draft": {
        "id": (HARMLESS, "random"),
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "channel begun touched reminded": (HARMLESS, "codes and times"),
        "sealed_answers": (SEALED, "under the server key, at most seven days"),
    },
    "draft_part": {
        "id draft_id field update number at kind": (HARMLESS, "which part of which draft"),
        "file_id media_type": (HARMLESS, "which file on disk"),
        "size": (HARMLESS, "bytes on disk, padded to a size class"),
        "sealed_text sealed_key": (SEALED, "under the server key, at most seven days"),
    },
    "duty_link": {
        "member_id": (STAFF, "who links her phone"),
        "digest": (HARMLESS, "of a random code, under the server key, for 15 minutes"),
        "until": (HARMLESS, "when it ends"),
    },
    "duty_phone": {
        "member_id channel place on_duty since": (STAFF, "who is on duty, and in what order"),
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "sealed_address": (SEALED, "under the server key"),
    },
    "entry": {
        "id case_id update number at author_id read_at": (HARMLESS, "who, when"),
        "sealed": (SEALED, "under the case key, or to the case's public key"),
    },
    "erasure_certificate": {
        "id case_mark": (PSEUDONYMOUS, "HMAC under the server key, of the case's code"),
        "organisation_id reason closed_at erased_at": (HARMLESS, "why and when it was destroyed"),
        "fields files signature": (HARMLESS, "how much it was, signed"),
    },
    "known_device": {
        "token": (PSEUDONYMOUS, "HMAC of what the browser holds"),
        "member_id seen": (STAFF, "whose browser"),
    },
    "installation": {"id mode begun": (HARMLESS, "demo or real")},
    "letter": {
        "id case_id state written_at read_at": (HARMLESS, "which, when"),
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "sealed_text": (SEALED, "under the server key, until it was shown"),
    },
    "member": {
        "id organisation_id email name role language": (STAFF, "who works here"),
        "public_key": (PUBLIC, "key"),
        "salt": (HARMLESS, "of Argon2id"),
        "sealed_private_key": (SEALED, "under the password"),
        "link_hash link_expires": (HARMLESS, "SHA-256 of a random link"),
        "left_at": (STAFF, "when the person left"),
    },
    "news_subscription": {
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "country since language asked_version": (HARMLESS, "what she asked for, and how"),
    },
    "number_check": {
        "id contact works at": (HARMLESS, "which number of contacts.yml was called"),
        "note author_id": (STAFF, "who called, and what was heard"),
    },
    "organisation": {
        "id partner_type name_km name_en province national source": (PUBLIC, "the directory"),
        "public_key recovery_public": (PUBLIC, "keys"),
        "generation": (HARMLESS, "how many keys it has had"),
        "sealed_recovery": (SEALED, "under the recovery key, which nobody keeps but they"),
    },
    "organisation_generation": {
        "organisation_id generation made_at": (HARMLESS, "which key, and since when"),
        "public_key": (PUBLIC, "key"),
        "wrapped_to_recovery": (SEALED, "to the public half of the recovery key"),
        "previous": (SEALED, "to the public key of the next generation"),
    },
    "organisation_key": {
        "organisation_id member_id generation": (STAFF, "who holds it"),
        "wrapped": (SEALED, "to the member's public key"),
    },
    "parcel": {
        "id conversation": (PSEUDONYMOUS, "number of a delivery; HMAC under the server key"),
        "channel accepted played shown": (HARMLESS, "code and times"),
        "sealed_message sealed_replies": (SEALED, "under the server key, until played and sent"),
    },
    "passkey": {
        "credential": (HARMLESS, "the id of a WebAuthn credential"),
        "public_key": (PUBLIC, "key"),
        "member_id sign_count name made_at used_at": (STAFF, "whose, and when it was used"),
    },
    "recording": {
        "id topic country language at removed_at": (HARMLESS, "which answer is read aloud"),
        "media_type size said": (HARMLESS, "how it sounds; a hash of our own words"),
        "sound": (PUBLIC, "our own words, read aloud by staff"),
        "author_id": (STAFF, "who put it there"),
    },
    "recovery": {
        "case_id handover set_at wrong locked_until": (HARMLESS, "which case, codes and times"),
        "salt digest": (HARMLESS, "Argon2id, keyed with the server key"),
    },
    "recovery_attempt": {
        "id at": (HARMLESS, "when somebody was wrong, for a day"),
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
    },
    "recovery_code": {
        "member_id used_at": (STAFF, "whose"),
        "digest": (PSEUDONYMOUS, "HMAC under the server key"),
    },
    "referral": {
        "case_id organisation_id place state reasons": (HARMLESS, "codes"),
        "offered_at ended_at": (HARMLESS, "times"),
    },
    "search_indexed": {
        "organisation_id case_id generation rules entries": (HARMLESS, "how far its tokens go"),
    },
    "search_token": {
        "organisation_id case_id kind": (HARMLESS, "which case it leads to"),
        "token": (PSEUDONYMOUS, "HMAC under a key of the office alone"),
    },
    "session": {
        "id": (HARMLESS, "derived from the cookie's secret, one way"),
        "member_id begun seen device factor_at stepped_up_at": (STAFF, "who is signed in, where"),
        "csrf challenge": (HARMLESS, "random; useless without the cookie, or the passkey"),
        "sealed_key": (SEALED, "under the cookie's secret"),
    },
    "sign_in_try": {
        "id at": (HARMLESS, "when somebody was wrong"),
        "account address": (PSEUDONYMOUS, "HMAC under the server key"),
    },
    "standing_consent": {
        "case_id partner_type consent_id code granted": (HARMLESS, "what is agreed to"),
    },
    "statistic": {
        "id month category country complainant papers": (HARMLESS, "codes; leads to nobody"),
    },
    "totp": {
        "member_id confirmed_at last_step": (STAFF, "whose, and the last code that was used"),
        "sealed_secret": (SEALED, "under the server key"),
    },
    "trace": {
        "conversation": (PSEUDONYMOUS, "HMAC under the server key"),
        "mark": (PSEUDONYMOUS, "Telegram's number of a message, for 48 hours"),
        "at": (HARMLESS, "since when it stands in the chat"),
    },
    "wrap": {
        "case_id organisation_id partner_type generation": (HARMLESS, "who may open"),
        "wrapped": (SEALED, "to the organisation's public key"),
    },
}  # fmt: skip


def said(table: str) -> dict[str, str]:
    return {
        column: kind
        for columns, (kind, _why) in INVENTORY[table].items()
        for column in columns.split()
    }


def test_every_table_is_in_the_inventory() -> None:
    assert set(SQLModel.metadata.tables) == set(INVENTORY)


@pytest.mark.parametrize("table", sorted(INVENTORY))
def test_of_every_column_somebody_said_what_it_may_hold(table: str) -> None:
    assert {c.name for c in SQLModel.metadata.tables[table].columns} == set(said(table))


@pytest.mark.parametrize("table", sorted(INVENTORY))
def test_what_is_called_sealed_holds_bytes_and_what_is_called_harmless_no_long_text(
    table: str,
) -> None:
    for column in SQLModel.metadata.tables[table].columns:
        kind = said(table)[column.name]
        is_bytes = isinstance(column.type, LargeBinary)
        assert not (kind == SEALED and not is_bytes), column.name
        length = getattr(column.type, "length", None)
        unbounded = column.type.python_type is str and length is None
        assert not (unbounded and kind not in (PUBLIC, STAFF)), column.name


BESIDE = (
    api.factors,
    api.sessions,
    api.tries,
    bot.content.living,
    bot.conversation,
    bot.news,
    bot.parcel,
    bot.trace,
)
"""The modules outside `referrals` that declare tables."""


def declared() -> set[tuple[str, str]]:
    modules = [
        importlib.import_module(f"referrals.{m.name}")
        for m in pkgutil.iter_modules(referrals.__path__)
    ]
    return {
        (field.table, field.column)
        for module in (*modules, *BESIDE)
        for field in vars(module).values()
        if isinstance(field, SealedField)
    }


def test_every_declared_sealed_field_is_a_column_that_is_called_sealed() -> None:
    assert declared()
    for table, column in declared():
        assert said(table)[column] == SEALED


def test_every_sealed_column_is_declared_or_wrapped_to_a_public_key() -> None:
    wrapped = {
        ("wrap", "wrapped"),
        ("organisation_key", "wrapped"),
        ("organisation_generation", "previous"),
        ("organisation_generation", "wrapped_to_recovery"),
    }
    sealed = {(t, c) for t in INVENTORY for c, kind in said(t).items() if kind == SEALED}
    assert sealed - declared() == wrapped


def test_no_told_word_stands_in_any_column(town: Town) -> None:
    code = town.lodges("ពាក្យដែលដាំទុក", name="ឈ្មោះដែលដាំទុក")
    assert code
    needles = ("ពាក្យដែលដាំទុក", "ឈ្មោះដែលដាំទុក")
    with town.site.store.reading() as session:
        for table in SQLModel.metadata.tables.values():
            for row in session.connection().execute(table.select()):
                for value in row:
                    held = value if isinstance(value, bytes) else str(value).encode()
                    assert not [n for n in needles if n.encode() in held], table.name


def test_the_queue_keeps_no_word_and_no_text_of_an_error() -> None:
    seal = QueueSeal(new_key())
    kept = seal.serialize({"args": ("ពាក្យ",), "kwargs": {}})
    assert "ពាក្យ" not in kept
    assert seal.deserialize(kept) == {"args": ("ពាក្យ",), "kwargs": {}}
    error = seal.deserialize(seal.serialize(ValueError("ពាក្យ")))
    assert str(error) == "ValueError"
    with pytest.raises(CannotOpen):
        QueueSeal(new_key()).deserialize(kept)
