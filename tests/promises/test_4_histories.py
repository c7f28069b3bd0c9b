"""Promise 4, over histories: whatever is agreed to and taken back, whoever comes and goes, a case
opens for those alone who hold its office's key while there is a consent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from secrets import token_hex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from referrals import aftercare, case, consent, desk, keyring, keys, recoverykey, reseal, rotation
from referrals.case import Case, Wrap
from referrals.consent import StandingConsent
from referrals.directory import Member, Organisation, OrganisationGeneration, SignedIn
from referrals.sealing import CannotOpen
from referrals.taxonomy import CONSENT_FOR, ConsentCode, PartnerType, Role
from tests.house import SHARES, Town, build_town

Step = tuple[str, int, bool]

OFFICES = ("mrc", "pdolvt", "lawyer")
STORY = "ថៅកែមិនបើកប្រាក់ខែ"


@dataclass
class Person:
    """Somebody of an office, and all private keys that she ever got to see."""

    who: SignedIn
    office: str
    holds: bool = False
    here: bool = True
    knows: set[bytes] = field(default_factory=set)
    until: int = 0
    """The last generation whose key she got, once she left."""


@dataclass
class History:
    """What happened so far, as we know it, to be compared with what the database lets happen."""

    town: Town
    people: list[Person] = field(default_factory=list)
    answers: dict[str, dict[ConsentCode, bool]] = field(default_factory=dict)
    erased: list[str] = field(default_factory=list)
    recovery: dict[str, str] = field(default_factory=dict)
    lodged: int = 0

    # ---- what can happen

    def begins(self) -> None:
        for name in OFFICES:
            first = Person(self.town.people[name], name, holds=True)
            self.people.append(first)
            self.recovery[name] = recoverykey.new_recovery_key()
            with self.town.site.store.writing() as session:
                key = self.recovery[name]
                recoverykey.set_recovery_key(session, first.who, key, self.town.clock())

    def lodge(self, number: int, yes: bool) -> None:
        agreed = [c for at, c in enumerate(SHARES) if (number + 1) >> at & 1] or [SHARES[0]]
        self.lodged += 1
        mark = f"u-{self.lodged}"
        code = self.town.lodges(
            STORY,
            conversation=mark.encode().hex().rjust(64, "0")[-64:],
            update=mark,
            shares=agreed,
            category="documents_withheld" if yes else "unpaid_wages",
        )
        self.answers[code] = {each: each in agreed for each in SHARES}

    def answer(self, number: int, yes: bool) -> None:
        code = self._case(number)
        if code is None:
            return
        asked = (*SHARES, ConsentCode.SHARE_AUTHORITY)[number % 4]
        with self.town.site.store.writing() as session:
            said = consent.Asked(asked, yes, 1, "km", "ពាក្យ", self.town.clock())
            aftercare.change_consent(session, self.town.site, case.by_code(session, code), said)
        self.answers[code][asked] = yes

    def open(self, number: int, yes: bool) -> None:
        """Open a case at the desk: that is when a later consent is followed."""
        code = self._case(number)
        who = self._of(OFFICES[number % 3], holds=True)
        if code is None or who is None:
            return
        try:
            desk.open_case(self.town.site, who.who, code)
        except desk.NotYours:
            assert not self._may(code, who)

    def join(self, number: int, yes: bool) -> None:
        office = OFFICES[number % 3]
        chief, private = self.town.people[office], keys.PrivateKey.new()
        name = f"person-{len(self.people)}"
        with self.town.site.store.writing() as session:
            row = Member(
                organisation_id=chief.organisation_id,
                email=f"{name}@example.org",
                name=name,
                role=Role.SUPERVISOR,
                public_key=private.public,
            )
            session.add(row)
        who = replace(chief, member_id=row.id, name=name, key=private)
        self.people.append(Person(who, office))
        if yes:
            self.admit(number, yes)

    def admit(self, number: int, yes: bool) -> None:
        office = OFFICES[number % 3]
        waits, chief = self._of(office, holds=False), self._of(office, holds=True)
        if waits is not None and chief is not None:
            keyring.admit(self.town.site, chief.who, waits.who.member_id)
            waits.holds = True

    def leave(self, number: int, yes: bool) -> None:
        here = [p for p in self.people if p.office == OFFICES[number % 3] and p.here]
        holders = [p for p in here if p.holds]
        if len(holders) < 2:
            return
        goes = holders[number % len(holders)] if yes else here[-1]
        stays = next(p for p in holders if p is not goes)
        self._copies(goes)
        with self.town.site.store.writing() as session:
            row = session.get_one(Member, goes.who.member_id)
            keyring.leave(session, stays.who, row, self.town.clock())
        goes.holds = goes.here = False

    def rewrap(self, number: int, yes: bool) -> None:
        who = self._of(OFFICES[number % 3], holds=True)
        if who is not None:
            with self.town.site.store.writing() as session:
                rotation.rewrap(session, who.who, limit=50 if yes else 1)

    def recover(self, number: int, yes: bool) -> None:
        office = OFFICES[number % 3]
        waits = self._of(office, holds=False)
        if waits is not None:
            with self.town.site.store.writing() as session:
                row = session.get_one(Member, waits.who.member_id)
                recoverykey.recover(session, row, self.recovery[office], self.town.clock())
            waits.holds = True

    def turn(self, number: int, yes: bool) -> None:
        site = self.town.site
        reseal.turn(site, site.files.root.parent / "server.key", self.town.clock())
        if yes:
            for place in reseal.PLACES:
                reseal.reseal(site, place)

    def erase(self, number: int, yes: bool) -> None:
        code = self._case(number)
        if code is not None and yes:
            with self.town.site.store.writing() as session:
                aftercare.erase(session, self.town.site, case.by_code(session, code))
            del self.answers[code]
            self.erased.append(code)

    def forge(self, number: int, yes: bool) -> None:
        """Write a key straight into the database, for an office that she did not agree to."""
        code, office = self._case(number), self.town.people[OFFICES[number % 3]]
        if code is None:
            return
        with self.town.site.store.reading() as session:
            kind = session.get_one(Organisation, office.organisation_id).partner_type
            case_id = case.by_code(session, code).id
        agreed = self._kinds(code)
        forged = [kind] if yes or not agreed else [each for each in agreed if each != kind]
        for claimed in forged:
            if claimed == kind and kind in agreed:
                continue
            row = Wrap(
                case_id=case_id,
                organisation_id=office.organisation_id or "",
                partner_type=claimed,
                wrapped=b"a key",
            )
            with pytest.raises(IntegrityError), self.town.site.store.writing() as session:
                session.add(row)

    # ---- what must hold after each

    def holds(self) -> None:
        with self.town.site.store.reading() as session:
            for code in self.answers:
                self._stands(session, code)
                for person in self.people:
                    assert self._opens(session, person, code) is self._may(code, person)
            for code in self.erased:
                assert session.exec(select(Case).where(Case.code == code)).first() is None
            for person in self.people:
                if not person.here and person.knows:
                    self._is_shut_out(session, person)

    def _stands(self, session: Session, code: str) -> None:
        row = case.by_code(session, code)
        standing = select(StandingConsent.partner_type).where(StandingConsent.case_id == row.id)
        agreed = self._kinds(code)
        assert set(session.exec(standing)) == agreed
        wraps = session.exec(select(Wrap.partner_type).where(Wrap.case_id == row.id)).all()
        assert set(wraps) <= agreed

    def _opens(self, session: Session, person: Person, code: str) -> bool:
        try:
            found, key = desk.key_of(session, person.who, code)
        except desk.NotYours:
            return False
        assert desk.reading.told(session, found, key).fields == (("story", STORY),)
        return True

    def _may(self, code: str, person: Person) -> bool:
        """Say whether she may open it: consent, a wrap for her office, its key in her hand."""
        with self.town.site.store.reading() as session:
            row = case.by_code(session, code)
            wrap = session.get(Wrap, (row.id, person.who.organisation_id))
            kind = session.get_one(Organisation, person.who.organisation_id).partner_type
        return wrap is not None and kind in self._kinds(code) and person.holds and person.here

    def _kinds(self, code: str) -> set[str]:
        answers = self.answers[code]
        return {kind.value for kind, asked in CONSENT_FOR.items() if answers.get(asked)}

    def _copies(self, person: Person) -> None:
        """Let her keep, as she leaves, every private key that the database gives her today."""
        person.knows = {person.who.key.raw}
        with self.town.site.store.reading() as session:
            office = session.get_one(Organisation, person.who.organisation_id)
            person.until = office.generation if person.holds else 0
            for generation in range(person.until, 0, -1):
                key = keyring.organisation_key(session, person.who, generation)
                person.knows |= {key.raw} if key is not None else set()

    def _is_shut_out(self, session: Session, person: Person) -> None:
        """Try all that she knows on all that was wrapped since."""
        office = person.who.organisation_id or ""
        wraps = select(Wrap).where(Wrap.organisation_id == office, Wrap.generation > person.until)
        sealed: list[tuple[bytes, bytes]] = [
            (wrap.wrapped, keys.case_key_purpose(wrap.case_id, office))
            for wrap in session.exec(wraps)
        ]
        later = select(OrganisationGeneration).where(
            OrganisationGeneration.organisation_id == office,
            OrganisationGeneration.generation > person.until,
        )
        for row in session.exec(later):
            sealed.append((row.wrapped_to_recovery or b"", keys.recovery_purpose(office)))
            purpose = keys.generation_purpose(office, row.generation)
            sealed.append((row.previous or b"", purpose))
        for wrapped, purpose in sealed:
            for raw in person.knows:
                with pytest.raises(CannotOpen):
                    keys.PrivateKey(raw).open_(wrapped, purpose)

    def _case(self, number: int) -> str | None:
        there = list(self.answers)
        return there[number % len(there)] if there else None

    def _of(self, office: str, *, holds: bool) -> Person | None:
        found = (p for p in self.people if (p.office, p.here, p.holds) == (office, True, holds))
        return next(found, None)


WHAT = (
    *("lodge", "lodge", "answer", "answer", "answer", "open", "open", "join", "join"),
    *("admit", "leave", "leave", "rewrap", "recover", "turn", "erase", "forge"),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(WHAT), st.integers(0, 11), st.booleans()), min_size=6, max_size=24
)
FIRST: list[Step] = [
    ("lodge", 6, True),
    ("join", 0, True),
    ("answer", 0, False),
    ("leave", 0, False),
    ("lodge", 0, False),
    ("answer", 0, True),
    ("open", 1, True),
    ("rewrap", 0, True),
    ("forge", 2, True),
]
"""One history that holds every kind of change, tried each time."""


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_after_every_step_of_any_history_no_key_is_without_its_consent(
    tmp_path: Path, database_url: str, steps: list[Step]
) -> None:
    happens(tmp_path, database_url, steps)


def test_a_history_with_every_kind_of_change(tmp_path: Path, database_url: str) -> None:
    everything = [(what, number, number % 2 == 0) for number in range(2) for what in set(WHAT)]
    steps = [*FIRST, *sorted(everything), ("recover", 0, True), ("erase", 0, True)]
    history = happens(tmp_path, database_url, steps)
    assert history.erased
    assert any(not person.here and person.knows for person in history.people)


def happens(folder: Path, url: str, steps: Sequence[Step]) -> History:
    """Play a history in a town of its own; after each step everything must hold."""
    history = History(build_town(folder / token_hex(4), url))
    history.begins()
    for what, number, yes in steps:
        history.town.clock.pass_(minutes=1)
        getattr(history, what)(number, yes)
        history.holds()
    history.town.site.store.engine.dispose()
    return history


def test_every_kind_of_partner_among_the_offices_has_its_own_question(town: Town) -> None:
    with town.site.store.reading() as session:
        ids = [town.people[name].organisation_id for name in OFFICES]
        kinds = {session.get_one(Organisation, each).partner_type for each in ids}
    assert {CONSENT_FOR[PartnerType(kind)] for kind in kinds} == set(SHARES)
