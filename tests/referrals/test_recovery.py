"""Getting a case back on another phone: the code and a secret, and nothing for who guesses."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from referrals import aftercare, audit, case, desk, keys, notice, recovery
from referrals.case import Case
from referrals.code import new_code, spoken
from referrals.recovery import Claimed, Recovery, RecoveryAttempt, Refused, TooWeak, normalised
from referrals.taxonomy import Status
from tests.house import Town

OLD, NEW, OTHER = "c" * 64, "n" * 64, "o" * 64
SECRET = "ម្ជុល ៧៣"
WRONG = "ខុស ៩៩"


def lodged(town: Town, secret: str | None = SECRET) -> str:
    """Lodge a case, with her secret; gives its code."""
    code = town.lodges("រឿង", update=f"u-{new_code()}", conversation=OLD)
    if secret is not None:
        with town.site.store.writing() as session:
            recovery.set_secret(session, town.site, case.by_code(session, code).id, secret)
    return code


def claims(
    town: Town, code: str, secret: str, conversation: str = NEW, channel: str = "web"
) -> Claimed | Refused:
    with town.site.store.writing() as session:
        return recovery.claim(session, town.site, conversation, channel, code, secret)


def row(town: Town, code: str) -> Case:
    with town.site.store.reading() as session:
        return case.by_code(session, code)


# ---- what a secret is


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ម្ជុល ៧៣", "ម្ជុល73"),
        ("Blue Cup 7", "bluecup7"),
        ("12-07-91", "១២០៧៩១"),
        ("๕๖๗๙", "5679"),
        ("ក\u200bខ\u200bគង", "កខគង"),
        ("Cafe\u0301", "CAFÉ"),
        ("cafe\u200b\u0301", "café"),
        (" a\u2013b\tc\nd ", "abcd"),
    ],
)
def test_another_keyboard_writes_the_same_secret(first: str, second: str) -> None:
    assert normalised(first) == normalised(second)


@given(st.text(max_size=80))
def test_what_is_normal_stays_so(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


EASY = (
    *("", "123", "កខគ", " 7 - 3 9 ", "x" * 65, "7777", "ឈឈឈឈឈ"),
    *("1234", "123456", "4321", "7890", "2109", "៤៥៦៧", "1-2-3-4", "abcd", "DCBA", "កខគឃ"),
)


def test_an_easy_secret_is_refused(town: Town) -> None:
    code = lodged(town, None)
    with town.site.store.writing() as session:
        case_id = case.by_code(session, code).id
        for secret in EASY:
            with pytest.raises(TooWeak):
                recovery.set_secret(session, town.site, case_id, secret)
        assert not recovery.has_secret(session, case_id)


def test_the_code_itself_is_no_secret(town: Town) -> None:
    code = lodged(town, None)
    with town.site.store.writing() as session:
        case_id = case.by_code(session, code).id
        for secret in (code, spoken(code), code[:4], f"my {code}"):
            with pytest.raises(TooWeak):
                recovery.set_secret(session, town.site, case_id, secret)


def test_four_to_sixty_four_signs_are_a_secret(town: Town) -> None:
    for number, secret in enumerate(("7319", "ម្តាយ", "x7" * 32)):
        code = lodged(town, secret)
        got = claims(town, code, secret, f"{number}" * 64)
        assert got == Claimed(row(town, code).id, code, must_set_secret=False)


def test_of_the_secret_only_a_digest_is_kept_that_the_database_alone_cannot_test(
    town: Town,
) -> None:
    code = lodged(town)
    with town.site.store.reading() as session:
        held = session.get_one(Recovery, row(town, code).id)
    plain = normalised(SECRET)
    assert plain.encode() not in held.digest + held.salt
    assert held.digest != keys.password_key(plain, held.salt)
    assert len(held.digest) == 32


# ---- claiming


def test_code_and_secret_bring_the_case_to_a_new_phone_and_the_old_one_hears_no_more(
    town: Town,
) -> None:
    code = lodged(town)
    desk.write(town.site, town.people["mrc"], code, "សូមមកការិយាល័យ")
    assert claims(town, spoken(code), "ម្ជុល73") == Claimed(
        row(town, code).id, code, must_set_secret=False
    )
    desk.write(town.site, town.people["mrc"], code, "ទីពីរ")
    with town.site.store.reading() as session:
        assert case.for_conversation(session, OLD) == []
        assert notice.waiting_letter(session, town.site, OLD) is None
        assert {each.conversation for each in session.exec(select(notice.Letter))} == {NEW}
        (mine,) = case.for_conversation(session, NEW)
        letter = notice.waiting_letter(session, town.site, NEW)
    assert (mine.code, mine.letters) == (code, 2)
    assert letter is not None
    assert letter.text == "សូមមកការិយាល័យ"
    assert row(town, code).channel == "web"


def test_a_claim_leaves_a_trace(town: Town) -> None:
    code = lodged(town)
    claims(town, code, SECRET)
    with town.site.store.reading() as session:
        assert [r.act for r in audit.of_case(session, row(town, code).id)] == [audit.Act.CLAIMED]


def test_claiming_again_changes_nothing(town: Town) -> None:
    code = lodged(town)
    first = claims(town, code, SECRET)
    assert claims(town, code, SECRET) == first
    assert claims(town, code, WRONG) == first
    with town.site.store.reading() as session:
        assert list(session.exec(select(RecoveryAttempt))) == []


def test_a_closed_case_is_claimed_too(town: Town) -> None:
    code = lodged(town)
    with town.site.store.writing() as session:
        aftercare.close(session, town.site, case.by_code(session, code))
    assert isinstance(claims(town, code, SECRET), Claimed)
    assert row(town, code).status == Status.CLOSED


def test_a_new_secret_takes_the_place_of_the_old(town: Town) -> None:
    code = lodged(town)
    with town.site.store.writing() as session:
        recovery.set_secret(session, town.site, row(town, code).id, "ក្រមា ៤២")
    assert claims(town, code, SECRET) == Refused("wrong")
    assert isinstance(claims(town, code, "ក្រមា ៤២"), Claimed)


def test_what_is_unknown_is_answered_like_a_wrong_secret_after_the_same_work(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_secret, without = lodged(town), lodged(town, None)
    derived: list[int] = []
    real: Callable[[str, bytes], bytes] = keys.password_key

    def counting(password: str, salt: bytes) -> bytes:
        derived.append(len(salt))
        return real(password, salt)

    monkeypatch.setattr(keys, "password_key", counting)
    for number, code in enumerate((with_secret, without, new_code(), "123", "")):
        assert claims(town, code, WRONG, f"{number}" * 64) == Refused("wrong")
    assert derived == [keys.SALT_BYTES] * 5
    with town.site.store.reading() as session:
        assert len(list(session.exec(select(RecoveryAttempt)))) == 5


def test_a_case_without_a_secret_is_nobodys_to_claim(town: Town) -> None:
    code = lodged(town, None)
    for secret in ("", "0000", "\x00" * 32):
        assert claims(town, code, secret) == Refused("wrong")
    assert row(town, code).conversation == OLD


# ---- limits


def test_after_five_wrong_answers_in_an_hour_nothing_is_looked_at(town: Town) -> None:
    code = lodged(town)
    begun = town.clock()
    for _ in range(recovery.WRONG_IN_AN_HOUR):
        assert claims(town, code, WRONG) == Refused("wrong")
        town.clock.pass_(minutes=1)
    later = Refused("later", begun + timedelta(hours=1))
    assert claims(town, code, SECRET) == later
    assert claims(town, code, WRONG) == later
    with town.site.store.reading() as session:
        assert session.get_one(Recovery, row(town, code).id).wrong == recovery.WRONG_IN_AN_HOUR
    town.clock.now = begun + timedelta(hours=1)
    assert isinstance(claims(town, code, SECRET), Claimed)


def test_after_ten_wrong_answers_in_a_day_it_is_tomorrow(town: Town) -> None:
    begun = town.clock()
    for _ in range(recovery.WRONG_IN_A_DAY):
        assert claims(town, new_code(), WRONG) == Refused("wrong")
        town.clock.pass_(minutes=13)
    town.clock.pass_(hours=2)
    assert claims(town, new_code(), WRONG) == Refused("later", begun + timedelta(days=1))


def test_one_conversations_wrong_answers_do_not_stop_another(town: Town) -> None:
    code = lodged(town)
    for _ in range(6):
        claims(town, code, WRONG, OTHER)
    assert isinstance(claims(town, code, SECRET), Claimed)


def test_a_case_is_closed_to_claims_for_an_hour_after_ten_wrong_answers(town: Town) -> None:
    """Also from ten conversations; and it says no more than that it was wrong."""
    code = lodged(town)
    for number in range(recovery.WRONG_OF_A_CASE):
        assert claims(town, code, WRONG, f"{number}" * 64) == Refused("wrong")
    town.clock.pass_(minutes=59)
    assert claims(town, code, SECRET) == Refused("wrong")
    assert row(town, code).conversation == OLD
    town.clock.pass_(minutes=1)
    assert isinstance(claims(town, code, SECRET), Claimed)
    with town.site.store.reading() as session:
        held = session.get_one(Recovery, row(town, code).id)
    assert (held.wrong, held.locked_until) == (0, None)


def test_who_goes_on_guessing_has_one_try_an_hour(town: Town) -> None:
    code = lodged(town)
    for number in range(recovery.WRONG_OF_A_CASE):
        claims(town, code, WRONG, f"{number}" * 64)
    town.clock.pass_(hours=1)
    assert claims(town, code, WRONG, "a" * 64) == Refused("wrong")
    assert claims(town, code, SECRET) == Refused("wrong")


def test_who_locks_a_case_with_wrong_answers_does_not_keep_its_owner_out(town: Town) -> None:
    """Her own account, which was not wrong lately, may try once; a page of the web may not."""
    code = lodged(town)
    for number in range(recovery.WRONG_OF_A_CASE):
        claims(town, code, WRONG, f"{number}" * 64)
    assert claims(town, code, SECRET, "w" * 64, channel="web") == Refused("wrong")
    assert claims(town, code, WRONG, "a" * 64, channel="telegram") == Refused("wrong")
    assert claims(town, code, SECRET, "a" * 64, channel="telegram") == Refused("wrong")
    assert isinstance(claims(town, code, SECRET, channel="telegram"), Claimed)


def test_many_accounts_are_no_way_around_the_lock(town: Town) -> None:
    code = lodged(town)
    for number in range(recovery.WRONG_OF_A_CASE + recovery.WRONG_WHILE_LOCKED):
        claims(town, code, WRONG, f"{number:02}" * 32, channel="telegram")
    assert claims(town, code, SECRET, channel="telegram") == Refused("wrong")


def test_wrong_answers_to_a_closed_case_keep_it_closed_no_longer(town: Town) -> None:
    code = lodged(town)
    for number in range(recovery.WRONG_OF_A_CASE):
        claims(town, code, WRONG, f"{number}" * 64)
    town.clock.pass_(minutes=30)
    claims(town, code, WRONG, "a" * 64)
    town.clock.pass_(minutes=30)
    assert isinstance(claims(town, code, SECRET), Claimed)


def tries(town: Town, now: datetime) -> datetime | None:
    with town.site.store.reading() as session:
        return recovery.may_try(session, NEW, now)


def test_wrong_answers_are_counted_for_others_too_and_forgotten_after_a_day(town: Town) -> None:
    begun = town.clock()
    assert tries(town, begun) is None
    with town.site.store.writing() as session:
        for _ in range(recovery.WRONG_IN_AN_HOUR):
            recovery.note_wrong(session, NEW, begun)
        recovery.note_wrong(session, OTHER, begun + timedelta(minutes=1))
    assert tries(town, begun) == begun + timedelta(hours=1)
    assert tries(town, begun + timedelta(hours=1)) is None
    with town.site.store.writing() as session:
        recovery.sweep(session, begun + timedelta(days=1))
    with town.site.store.reading() as session:
        assert [a.conversation for a in session.exec(select(RecoveryAttempt))] == [OTHER]


# ---- what a counsellor hands over


def hands_over(town: Town, code: str) -> str:
    with town.site.store.writing() as session:
        return recovery.hand_over(session, town.site, case.by_code(session, code).id)


def test_what_a_counsellor_hands_over_works_once_and_asks_for_a_secret_of_her_own(
    town: Town,
) -> None:
    code = lodged(town, None)
    handed = hands_over(town, code)
    assert len(handed) == 8
    assert handed.isdecimal()
    case_id = row(town, code).id
    assert claims(town, code, handed) == Claimed(case_id, code, must_set_secret=True)
    assert claims(town, code, handed, OTHER) == Refused("wrong")
    with town.site.store.writing() as session:
        assert not recovery.has_secret(session, case_id)
        recovery.set_secret(session, town.site, case_id, SECRET)
        assert recovery.has_secret(session, case_id)
    assert claims(town, code, handed, OTHER) == Refused("wrong")
    assert claims(town, code, SECRET, OTHER) == Claimed(case_id, code, must_set_secret=False)


def test_a_crash_after_the_claim_still_asks_for_her_secret(town: Town) -> None:
    """The same message is played again: the case is hers, what she used is void."""
    code = lodged(town, None)
    with town.site.store.writing() as session:
        helped = case.by_code(session, code)
        helped.assisted_by = town.people["mrc"].member_id
        session.add(helped)
    handed = hands_over(town, code)
    assert claims(town, code, handed) == claims(town, code, handed)
    with town.site.store.writing() as session:
        recovery.set_secret(session, town.site, row(town, code).id, SECRET)
    assert claims(town, code, handed) == Claimed(row(town, code).id, code, must_set_secret=False)


def test_handed_over_again_the_first_is_void(town: Town) -> None:
    code = lodged(town, None)
    first, second = hands_over(town, code), hands_over(town, code)
    assert first != second
    assert claims(town, code, first) == Refused("wrong")
    assert isinstance(claims(town, code, second), Claimed)


def test_once_she_has_the_case_nothing_is_handed_over_any_more(town: Town) -> None:
    """Whoever helped her cannot fetch it back before she has set her own secret."""
    code = lodged(town, None)
    assert isinstance(claims(town, code, hands_over(town, code)), Claimed)
    with pytest.raises(recovery.OwnSecret):
        hands_over(town, code)


def test_her_own_secret_makes_what_was_handed_over_void(town: Town) -> None:
    code = lodged(town, None)
    handed = hands_over(town, code)
    with town.site.store.writing() as session:
        recovery.set_secret(session, town.site, row(town, code).id, SECRET)
    assert claims(town, code, handed) == Refused("wrong")
    with pytest.raises(recovery.OwnSecret):
        hands_over(town, code)
    assert isinstance(claims(town, code, SECRET), Claimed)


# ---- two at once


def both_claim(town: Town, code: str, secret: str) -> list[Claimed | Refused]:
    """Let two phones claim at the same moment."""
    together = threading.Barrier(2)
    answers: dict[str, Claimed | Refused] = {}

    def one(conversation: str) -> None:
        together.wait()
        answers[conversation] = claims(town, code, secret, conversation, "web")

    threads = [threading.Thread(target=one, args=(who,)) for who in (NEW, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return [answers[who] for who in (NEW, OTHER)]


def test_what_was_handed_over_is_claimed_by_one_of_two_at_once(town: Town) -> None:
    code = lodged(town, None)
    desk.write(town.site, town.people["mrc"], code, "សូមមក")
    answers = both_claim(town, code, hands_over(town, code))
    assert sorted(type(answer).__name__ for answer in answers) == ["Claimed", "Refused"]
    winner = NEW if isinstance(answers[0], Claimed) else OTHER
    whole(town, code, {winner})


def test_of_two_who_know_the_secret_one_has_the_whole_case(town: Town) -> None:
    code = lodged(town)
    desk.write(town.site, town.people["mrc"], code, "សូមមក")
    both_claim(town, code, SECRET)
    whole(town, code, {NEW, OTHER})


def whole(town: Town, code: str, owners: set[str]) -> None:
    """Check that case and letters are with one of the owners."""
    found = row(town, code)
    assert found.conversation in owners
    with town.site.store.reading() as session:
        letters = session.exec(
            select(notice.Letter.conversation).where(col(notice.Letter.case_id) == found.id)
        ).all()
    assert letters == [found.conversation]


def test_two_wrong_answers_at_once_are_both_counted(town: Town) -> None:
    code = lodged(town)
    assert both_claim(town, code, WRONG) == [Refused("wrong")] * 2
    with town.site.store.reading() as session:
        assert session.get_one(Recovery, row(town, code).id).wrong == 2
