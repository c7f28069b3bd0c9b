"""Two who change who holds an office's key at the same moment, on both databases."""

import threading

from sqlmodel import select

from referrals import keyring, rotation
from referrals.case import Case
from referrals.directory import Member
from referrals.taxonomy import Role
from tests.house import Town
from tests.on_call import works_at
from tests.referrals.test_keyring import follows, leaves, lodges, newcomer, reads


def test_a_case_that_nobody_followed_yet_is_not_lost_when_another_leaves_just_then(
    town: Town,
) -> None:
    """While one session makes the cases follow, the next generation begins in another."""
    works_at(town, "mrc", "first")
    works_at(town, "mrc", "second")
    code = lodges(town, 1)
    leaves(town, "first")
    meanwhile = threading.Thread(target=leaves, args=(town, "second"))
    with town.site.store.writing() as session:
        assert rotation.rewrap(session, town.people["mrc"]) == 0
        meanwhile.start()
        meanwhile.join(0.7)
        assert meanwhile.is_alive(), "a new generation waits for the last case to follow"
    meanwhile.join(30)
    assert reads(town, "mrc", code)
    assert follows(town) == 0
    assert reads(town, "mrc", code)


def test_a_case_that_is_lodged_while_somebody_leaves_can_be_opened(town: Town) -> None:
    works_at(town, "mrc", "helper")
    lodges(town, 1)
    lodging = threading.Thread(target=lodges, args=(town, 2))
    with town.site.store.writing() as session:
        gone = session.get_one(Member, town.people["helper"].member_id)
        keyring.leave(session, town.people["mrc"], gone, town.clock())
        lodging.start()
        lodging.join(0.7)
    lodging.join(30)
    follows(town)
    with town.site.store.reading() as session:
        codes = session.exec(select(Case.code)).all()
    assert len(codes) == 2
    assert all(reads(town, "mrc", code) for code in codes)


def test_who_is_admitted_while_another_leaves_gets_the_new_key(town: Town) -> None:
    works_at(town, "mrc", "helper")
    new = newcomer(town)
    admitting = threading.Thread(
        target=keyring.admit, args=(town.site, town.people["mrc"], new.member_id)
    )
    with town.site.store.writing() as session:
        gone = session.get_one(Member, town.people["helper"].member_id)
        keyring.leave(session, town.people["mrc"], gone, town.clock())
        admitting.start()
        admitting.join(0.7)
    admitting.join(30)
    code = lodges(town, 1)
    assert reads(town, "new", code)
    assert not reads(town, "helper", code)


def test_of_two_supervisors_who_end_each_other_at_once_one_stays_and_opens_all(
    town: Town,
) -> None:
    works_at(town, "mrc", "rival", Role.SUPERVISOR)
    works_at(town, "mrc", "helper")
    code = lodges(town, 1)
    refused: list[BaseException] = []

    def ends(name: str, sent_by: str) -> None:
        try:
            leaves(town, name, sent_by)
        except (keyring.NoKey, PermissionError, keyring.LastSupervisor) as error:
            refused.append(error)

    both = [
        threading.Thread(target=ends, args=names) for names in (("mrc", "rival"), ("rival", "mrc"))
    ]
    for each in both:
        each.start()
    for each in both:
        each.join(30)
    assert len(refused) == 1
    assert sorted(reads(town, name, code) for name in ("mrc", "rival")) == [False, True]
    assert reads(town, "helper", code)
