"""An opened case in the reader's language: what the desk page shows, and in which order.

A code that this program does not know (told by a newer one) is shown as it is, in "What was told".
"""

from collections.abc import Iterable, Mapping, Sequence

from api.pages import case_words, labels, search_views
from api.pages.views import (
    CaseLine,
    CaseView,
    Consent,
    Detail,
    DetailGroup,
    Field,
    File,
    Hands,
    Kin,
    Label,
    Letter,
    Reader,
    Route,
    Shell,
)
from api.words import (
    CHANNELS,
    CONFIDENTIALITY,
    FIELDS,
    FILE_KINDS,
    LANGUAGE_NAMES,
    REASONS,
    Words,
)
from bot.content import content
from referrals import desk, intake, preview
from referrals.aftercare import BY_MIGRANT
from referrals.code import spoken_group
from referrals.desk import CaseRow, EndingRow, FileRow, OpenCase
from referrals.searching import Repeat
from referrals.taxonomy import Confidentiality, Status

INLINE = frozenset(
    {
        "audio/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/aac",
        "audio/wav",
        "audio/webm",
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/mp4",
        "video/webm",
    }
)
"""Media types a browser may show inside our page; anything else (SVG, HTML) is only saved."""

BEFORE = (
    intake.Detail.SAFE_TIME,
    intake.Detail.SAFE_WAY,
    intake.Detail.NOT_SEE,
    intake.Detail.COUNSELLOR,
    intake.Detail.SPEAK,
    intake.Detail.SUPPORT,
    intake.Detail.AGE,
)
"""What must be known before anybody writes or calls, in this order."""

SHORT = 40
"""Characters of a told detail that still fit beside another one."""

SECTOR, DESTINATION = "sector", "destination_province"


def case_line(row: CaseRow, words: Words) -> CaseLine:
    """Put one line of the list in the reader's language."""
    return CaseLine(
        code=row.code,
        urgency=row.urgency,
        age=row.age,
        category=labels.label("category", row.category, words.language),
        province=labels.province(row.province, words.language),
        country=labels.label("country", row.country, words.language).text,
        status=labels.status(row.status, words),
        handler=row.handler,
        mine=row.mine,
        unread=row.unread,
        minor=row.minor,
        callback=row.callback,
    )


def case_view(
    opened: OpenCase,
    shell: Shell,
    hands: Hands,
    repeats: Sequence[Repeat] = (),
    *,
    unsent: str = "",
    problem: str = "",
) -> CaseView:
    """Put an opened case in the reader's language. `problem` is an English message id or empty."""
    words = Words(shell.language)
    line = case_line(opened.row, words)
    told = _Told(opened, words)
    return CaseView(
        code=line.code,
        urgency=line.urgency,
        category=line.category,
        province=line.province,
        country=line.country,
        status=line.status,
        statuses=tuple(labels.status(s, words) for s in Status if s is not Status.LODGED),
        lodged_at=opened.lodged_at,
        handler=line.handler,
        mine=line.mine,
        may_write=opened.may_write,
        closed_by_her=opened.ending.closed_by == BY_MIGRANT,
        minor=line.minor,
        danger=opened.danger,
        restricted=opened.confidentiality == Confidentiality.RESTRICTED,
        callback=line.callback,
        assisted_by=opened.assisted_by,
        kin=Kin(spoken_group(opened.group.code), opened.group.others) if opened.group else None,
        before=told.details(BEFORE),
        groups=told.groups(),
        fields=(*told.plain(), *_facts(opened, words)),
        files=told.loose_files(),
        ending=_ending(opened.ending, words),
        consents=tuple(
            Consent(_consent_name(c.code, words), c.granted, c.at, c.withdrawn)
            for c in opened.consents
        ),
        routes=tuple(
            Route(
                labels.organisation(office, words.language),
                tuple(words.named(REASONS, reason) for reason in office.reasons),
                office.withdrawn,
            )
            for office in opened.offices
        ),
        thread=tuple(Letter(row.at, row.author, row.text) for row in opened.thread),
        readers=tuple(
            Reader(row.at, row.name, labels.reader_organisation(row, shell), row.copied)
            for row in opened.readers
        ),
        hands=hands,
        repeats=search_views.repeat_lines(repeats, words),
        letter_limit=desk.LETTER_LIMIT,
        unsent=unsent,
        problem=problem,
    )


class _Told:
    """What was told and chosen in one case, sorted by detail."""

    def __init__(self, opened: OpenCase, words: Words) -> None:
        self._words = words
        self._opened = opened
        self._files = [
            _file(row, words, number) for number, row in enumerate(opened.files, start=1)
        ]

    def details(self, wanted: Iterable[intake.Detail]) -> tuple[Detail, ...]:
        """Give those of the wanted details of which anything was told, chosen or sent."""
        found = (self._detail(each) for each in wanted)
        return tuple(each for each in found if each.chosen or each.texts or each.files)

    def groups(self) -> tuple[DetailGroup, ...]:
        """Give the details page by page, but for those that stand in the box before them."""
        made = (
            DetailGroup(
                group,
                self._words.named(case_words.GROUPS, group),
                self.details(each for each in details if each not in BEFORE),
            )
            for group, details in intake.GROUPS.items()
        )
        return tuple(group for group in made if group.details)

    def plain(self) -> Sequence[Field]:
        """Give what belongs to no detail: the story, and codes of a newer program."""
        words, known = self._words, {*intake.Detail, SECTOR, DESTINATION}
        told = [
            Field(words.named(FIELDS, name), text, long=name in ("story", "addition"))
            for name, text in self._opened.fields
            if name not in known
        ]
        newer = [
            Field(detail, ", ".join(codes))
            for detail, codes in self._opened.choices.items()
            if detail not in known
        ]
        return [*told, *newer]

    def loose_files(self) -> tuple[File, ...]:
        """Give the files that belong to no detail: of the story, and those added later."""
        details = set(intake.Detail)
        return tuple(
            file
            for row, file in zip(self._opened.files, self._files, strict=True)
            if row.name not in details
        )

    def _detail(self, wanted: intake.Detail) -> Detail:
        texts = tuple(text for name, text in self._opened.fields if name == wanted)
        files = tuple(
            file
            for row, file in zip(self._opened.files, self._files, strict=True)
            if row.name == wanted
        )
        return Detail(
            code=wanted,
            name=self._words.named(case_words.DETAILS, wanted),
            chosen=tuple(
                labels.label("choice", code, self._words.language)
                for code in self._opened.choices.get(wanted, ())
            ),
            texts=texts,
            files=files,
            long=bool(files) or sum(map(len, texts)) > SHORT,
        )


def _facts(opened: OpenCase, words: Words) -> tuple[Field, ...]:
    complainant = labels.label("complainant", opened.complainant, words.language).text
    sectors = [
        labels.label("sector", code, words.language).text for code in opened.choices.get(SECTOR, ())
    ]
    places = [
        case_words.place_abroad(code, words.language)
        for code in opened.choices.get(DESTINATION, ())
    ]
    chosen = (
        Field(words.gettext(name), ", ".join(said))
        for name, said in ((case_words.SECTOR, sectors), (case_words.DESTINATION, places))
        if said
    )
    return (
        *chosen,
        Field(words.named(FIELDS, "complainant"), complainant),
        Field(
            words.named(FIELDS, "confidentiality"),
            words.named(CONFIDENTIALITY, opened.confidentiality),
        ),
        Field(words.named(FIELDS, "language"), words.named(LANGUAGE_NAMES, opened.language)),
        Field(words.named(FIELDS, "channel"), words.named(CHANNELS, opened.channel)),
    )


def _ending(ending: EndingRow, words: Words) -> tuple[Field, ...]:
    said = (
        (case_words.CLOSED, ending.closed_at and words.when(ending.closed_at)),
        (case_words.CLOSED_FROM, _said(case_words.CLOSED_BY, ending.closed_by, words)),
        (case_words.HER_CONTENT, _said(case_words.SATISFIED, ending.satisfied, words)),
        (case_words.HER_MONEY, _said(case_words.MONEY, ending.money, words)),
    )
    return tuple(Field(words.gettext(name), text) for name, text in said if text)


def _said(names: Mapping[str, str], code: str | None, words: Words) -> str:
    return words.named(names, code) if code else ""


def _consent_name(code: str, words: Words) -> str:
    """Name a consent shortly; fall back on its full question while there is no short name."""
    short: Label = labels.label("consent", code, words.language)
    if short.text != code or code not in content().consents:
        return short.text
    asked = content().consents[code]
    return asked.km if words.language == "km" else asked.en


def _file(row: FileRow, words: Words, number: int) -> File:
    family = row.media_type.partition("/")[0]
    shown = family if row.media_type in INLINE else "link"
    if family == "image" and row.media_type not in preview.FORMATS:
        shown = "link"
    return File(
        row.id,
        words.named(FILE_KINDS, row.kind),
        shown,
        row.size,
        row.added_later,
        number=number,
        at=row.at,
        sha256=row.sha256,
        place=family in ("image", "video"),
    )
