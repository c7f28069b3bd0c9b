"""A case leaves as one sealed package: whole for the receiver, closed for everybody else."""

import hashlib
import json
import stat
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlmodel import select

from api.pages.export_shown import drawn
from referrals import (
    aftercare,
    chain,
    consent,
    desk,
    draft,
    package,
    package_members,
    readers,
    signed,
    thread,
)
from referrals.audit import Act, AuditRow
from referrals.case import Case, CaseFile, by_code
from referrals.consent import Asked, ConsentMissing
from referrals.directory import Member, SignedIn
from referrals.keys import PrivateKey
from referrals.package import Order, Reason
from referrals.package_open import Checked, open_package
from referrals.taxonomy import Confidentiality, ConsentCode, Role
from tests.house import Town
from tests.referrals.packed import (
    ADDITION,
    LETTER,
    OTHERS,
    PHOTO,
    RECEIVER,
    STORY,
    VOICE,
    acts,
    full_case,
    leaves,
    opens,
    order,
)


@pytest.fixture(scope="module")
def receiver() -> PrivateKey:
    return PrivateKey.new()


@pytest.fixture
def code(town: Town) -> str:
    return full_case(town)


def held(checked: Checked, name: str) -> Any:
    return json.loads((checked.folder / name).read_text())


# ---- what comes out


def test_the_receiver_gets_all_that_was_told(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    told = held(checked, "case.json")
    assert told["code"] == code
    assert {"field": "story", "text": STORY} in told["told"]
    assert [(said["author"], said["text"]) for said in told["letters"]] == [
        ("mrc", LETTER),
        (None, ADDITION),
    ]
    by_kind = {file["kind"]: file for file in told["files"]}
    for kind, data in (("voice", VOICE), ("photo", PHOTO), ("document", b"<html>")):
        file = by_kind[kind]
        assert (checked.folder / file["member"]).read_bytes() == data
        assert file["sha256_on_arrival"] == hashlib.sha256(data).hexdigest()
        assert file["size"] == len(data)
    assert by_kind["voice"]["member"].endswith(".ogg")
    assert by_kind["photo"]["member"].endswith(".jpg")
    # What a click could run is not called what it is.
    assert by_kind["document"]["member"].endswith(".bin")
    assert by_kind["document"]["added_later"]
    assert told["labels"]["category"]["unpaid_wages"]["km"] != "unpaid_wages"
    assert told["labels"]["field"]["story"]["en"] == "What happened"


def test_nothing_of_another_case_and_no_address_is_in_it(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    held_ = b"".join(path.read_bytes() for path in checked.folder.rglob("*") if path.is_file())
    assert OTHERS.encode() not in held_
    assert ("c" * 64).encode() not in held_
    with town.site.store.reading() as session:
        others = session.exec(select(Case).where(Case.code != code)).one()
    assert others.code.encode() not in held_
    assert others.id.encode() not in held_


def test_the_readable_pages_run_nothing_and_reach_nothing(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    for name, language in (("case.html", "km"), ("case.en.html", "en")):
        page = (checked.folder / name).read_text()
        assert f'<html lang="{language}">' in page
        assert "&lt;script&gt;alert(1)" in page
        assert "<script" not in page
        assert "src=" not in page
        assert "http://" not in page
        assert "https://" not in page
        for link in set(_links(page)):
            assert (checked.folder / link).is_file(), link


def _links(page: str) -> Iterator[str]:
    for part in page.split('href="')[1:]:
        yield part.partition('"')[0]


def test_each_answer_to_consent_is_in_it_in_its_exact_words(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    with town.site.store.writing() as session:
        case = by_code(session, code)
        asked = Asked(ConsentCode.SHARE_PDOLVT, False, 2, "en", "May it?", town.clock())
        aftercare.change_consent(session, town.site, case, asked)
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    answers = held(checked, "consents.json")
    with town.site.store.reading() as session:
        history = consent.history(session, by_code(session, code).id)
    assert [(a["code"], a["granted"], a["words"], a["version"]) for a in answers] == [
        (row.code, row.granted, row.words, row.version) for row in history
    ]
    assert answers[-1]["words"] == "May it?"
    assert "May it?" in (checked.folder / "case.html").read_text()


def test_the_custody_names_each_act_and_ends_with_the_export(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    desk.open_case(town.site, town.people["pdolvt"], code)
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    custody = held(checked, "custody.json")
    done = [(each["row"]["act"], each["row"]["member_id"]) for each in custody["rows"]]
    mrc, pdolvt = town.people["mrc"].member_id, town.people["pdolvt"].member_id
    assert ("opened_case", pdolvt) in done
    assert done[-1] == ("exported", mrc)
    assert custody["members"][mrc] == "mrc"
    with town.site.store.reading() as session:
        assert chain.check(session, town.site).problem is None
        assert chain.check_kept(session, town.site, checked.head) is None


def test_a_court_can_check_the_signature_without_us(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    published = signed.public_key(town.site.server_key)
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver, published)
    assert checked.key == published == (checked.folder / "key.pem").read_text()
    manifest = (checked.folder / "manifest.json").read_bytes()
    key: Any = load_pem_public_key(published.encode())
    key.verify((checked.folder / "manifest.sig").read_bytes(), manifest)


def test_a_receipt_and_a_manifest_cannot_stand_in_for_each_other(town: Town) -> None:
    with pytest.raises(ValueError, match="no manifest"):
        package_members.sign(town.site.server_key, b"\1")


def test_the_manifest_says_by_whom_for_whom_and_why(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    said = checked.manifest
    assert (said["case"], said["reason"], said["program"]) == (code, "lawyer", "1.2.3")
    assert said["receiver"]["name"] == RECEIVER
    assert said["exported_by"]["organisation_en"] == "mrc"
    assert said["agreed"]["how"] == "standing_consent"
    assert said["agreed"]["code"] == ConsentCode.SHARE_LEGAL_AID
    listed = {each["name"] for each in said["members"]}
    there = {str(p.relative_to(checked.folder)) for p in checked.folder.rglob("*") if p.is_file()}
    assert there == listed | {"manifest.json", "manifest.sig"}
    assert stat.S_IMODE(checked.folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(p.stat().st_mode) for p in checked.folder.rglob("*") if p.is_file()}
    assert modes == {0o600}


def test_the_sealed_bytes_show_no_word(town: Town, code: str, receiver: PrivateKey) -> None:
    data = leaves(town, order(code, receiver))
    for word in (STORY, ADDITION, RECEIVER, code, "manifest.json"):
        assert word.encode() not in data
    assert VOICE[:64] not in data


def test_a_damaged_file_holds_up_nothing_and_is_named(
    town: Town, code: str, receiver: PrivateKey, tmp_path: Path
) -> None:
    with town.site.store.reading() as session:
        photo = session.exec(select(CaseFile).where(CaseFile.kind == "photo")).one()
    (path,) = town.site.files.root.rglob(f"{photo.id}.sealed")
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    checked = opens(tmp_path, leaves(town, order(code, receiver)), receiver)
    (missing,) = checked.manifest["left_out"]
    assert photo.id in missing
    assert not (checked.folder / missing).exists()
    assert (checked.folder / "case.en.html").read_text().count("could not be opened") == 1


# ---- the trace


def test_it_is_written_down_before_it_leaves_and_without_the_receivers_name(
    town: Town, code: str, receiver: PrivateKey
) -> None:
    asked = order(code, receiver)
    made = package.make(town.site, town.people["mrc"], asked, drawn, "1")
    assert acts(town, Act.EXPORTED) == [
        (town.people["mrc"].member_id, f"{asked.fingerprint}:lawyer")
    ]
    with town.site.store.reading() as session:
        rows = session.exec(select(AuditRow)).all()
        assert not [row for row in rows if "សុខា" in f"{row.subject}"]
    b"".join(made)


def test_nothing_of_it_stays_on_the_servers_disk(
    town: Town, code: str, receiver: PrivateKey
) -> None:
    data_folder = town.site.files.root.parent
    before = {path for path in data_folder.rglob("*") if path.is_file()}
    made = package.make(town.site, town.people["mrc"], order(code, receiver), drawn, "1")
    left = {path for path in data_folder.rglob("*") if path.is_file()} - before
    assert {path.suffix for path in left} <= {".sqlite-wal", ".sqlite-shm"}
    assert not list((data_folder / "exports").iterdir())
    assert b"".join(made)  # although its name is gone


# ---- who may


def refused(town: Town, asked: Order, error: type[Exception], who: str | SignedIn = "mrc") -> None:
    person = town.people[who] if isinstance(who, str) else who
    before = acts(town, Act.REFUSED)
    with pytest.raises(error):
        package.make(town.site, person, asked, drawn, "1")
    assert acts(town, Act.EXPORTED) == []
    assert [member for member, _ in acts(town, Act.REFUSED)[len(before) :]] == [person.member_id]


def test_without_consent_to_legal_aid_no_lawyer_gets_it(town: Town, receiver: PrivateKey) -> None:
    code = town.lodges(STORY, shares={ConsentCode.SHARE_MRC})
    assert not package.lawyer_allowed(town.site, town.people["mrc"], code)
    refused(town, order(code, receiver), ConsentMissing)


def test_a_consent_that_was_taken_back_lets_nothing_out(
    town: Town, code: str, receiver: PrivateKey
) -> None:
    assert package.lawyer_allowed(town.site, town.people["mrc"], code)
    with town.site.store.writing() as session:
        asked = Asked(ConsentCode.SHARE_LEGAL_AID, False, 1, "km", "ពាក្យ", town.clock())
        aftercare.change_consent(session, town.site, by_code(session, code), asked)
    refused(town, order(code, receiver), ConsentMissing)


@pytest.mark.parametrize("reason", list(Reason))
def test_nothing_leaves_when_nobody_confirms_that_she_agreed(
    town: Town, code: str, receiver: PrivateKey, reason: Reason
) -> None:
    refused(town, order(code, receiver, reason=reason, confirmed=False), ConsentMissing)


@pytest.mark.parametrize("reason", [Reason.COURT, Reason.HER_WISH])
def test_her_own_wish_opens_the_way_and_says_who_confirmed_it(
    town: Town, receiver: PrivateKey, tmp_path: Path, reason: Reason
) -> None:
    code = town.lodges(STORY, shares={ConsentCode.SHARE_MRC})
    checked = opens(tmp_path, leaves(town, order(code, receiver, reason=reason)), receiver)
    agreed = checked.manifest["agreed"]
    mrc = town.people["mrc"].member_id
    assert (agreed["how"], agreed["confirmed_by_id"]) == ("her_own_wish", mrc)
    assert acts(town, Act.EXPORTED)[0][1].endswith(f":{reason}")  # type: ignore[union-attr]


def test_an_office_that_cannot_open_the_case_cannot_hand_it_out(
    town: Town, code: str, receiver: PrivateKey
) -> None:
    refused(town, order(code, receiver), desk.NotYours, "mrc-kampot")


@pytest.mark.parametrize("role", [r for r in Role if r.value in ("triage", "analyst", "editor")])
def test_a_role_without_the_permission_hands_nothing_out(
    town: Town, code: str, receiver: PrivateKey, role: Role
) -> None:
    refused(town, order(code, receiver), desk.NotYours, replace(town.people["mrc"], role=role))


def test_a_restricted_case_leaves_by_a_named_reader_only(
    town: Town, code: str, receiver: PrivateKey
) -> None:
    with town.site.store.writing() as session:
        case = by_code(session, code)
        case.confidentiality = Confidentiality.RESTRICTED
        session.add(case)
    worker = replace(town.people["mrc"], role=Role.CASE_WORKER)
    refused(town, order(code, receiver), desk.NotYours, worker)
    with town.site.store.writing() as session:
        member = session.get_one(Member, worker.member_id)
        readers.name(session, by_code(session, code), member, town.people["mrc"], town.clock())
    package.make(town.site, worker, order(code, receiver), drawn, "1")


@pytest.mark.parametrize("name", ["", "a\nb", "ក" * 121])
def test_a_receiver_has_a_name_of_one_line(
    town: Town, code: str, receiver: PrivateKey, name: str
) -> None:
    asked = replace(order(code, receiver), receiver=name)
    with pytest.raises(ValueError, match="one line"):
        package.make(town.site, town.people["mrc"], asked, drawn, "1")


# ---- memory


def test_twenty_megabytes_pass_through_a_few(
    town: Town, receiver: PrivateKey, tmp_path: Path
) -> None:
    code = town.lodges(STORY)
    site = town.site
    size = 20_000_000
    with site.store.writing() as session:
        pieces = (bytes([n % 251]) * 50_000 for n in range(size // 50_000))
        file = draft.seal_file(site, pieces, "video/mp4")
        thread.add(session, site, by_code(session, code), "a-1", file=file, kind="video")
    sealed = tmp_path / "case.samleng"
    leaves(town, order(code, receiver))  # whatever is kept after the first time is kept now
    tracemalloc.start()
    try:
        made = package.make(site, town.people["mrc"], order(code, receiver), drawn, "1")
        with sealed.open("wb") as out:
            for piece in made:
                out.write(piece)
        packed = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        checked = open_package(sealed, receiver, tmp_path / "opened")
        opened = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (video,) = (checked.folder / "files").iterdir()
    assert video.stat().st_size == size
    assert packed < 8_000_000
    assert opened < 8_000_000
