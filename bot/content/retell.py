"""Reading back to a migrant what she told: the words for a say that is marked private."""

from collections import Counter
from collections.abc import Sequence

import regex

from bot.content import Content
from bot.message import Language
from referrals.draft import Told

READ_BACK = 400
"""Characters of the story that the summary reads back; the whole story is kept and sent."""

_CLUSTER = regex.compile(r"\X")
_COUNTED = {
    "voice": "told_voice",
    "audio": "told_voice",
    "photo": "told_photo",
    "video": "told_video",
    "document": "told_document",
}


def retell(told: Sequence[Told], language: Language, content: Content) -> str:
    """Say back what was told: its texts (shortened), then how many recordings, photos, papers."""
    texts = " ".join(part.text for part in told if part.text)
    counts = Counter(_COUNTED.get(part.kind, "told_document") for part in told if part.file)
    pieces = [_shortened(texts)] if texts else []
    for key, count in counts.items():
        words = content.says[key].text(language)
        pieces.append(words.format_map({"count": str(count)}))
    return ", ".join(pieces) or content.says["told_nothing"].text(language)


def draft_words(
    story: Sequence[Told], name: Sequence[Told], language: Language, content: Content
) -> dict[str, str]:
    """Give the words that the summary of a draft (`private: draft`) needs."""
    return {
        "story": retell(story, language, content),
        "name": retell(name, language, content)
        if name
        else content.says["name_not_given"].text(language),
    }


def _shortened(text: str) -> str:
    if len(text) <= READ_BACK:
        return text
    kept = ""
    for cluster in _CLUSTER.findall(text):
        if len(kept + cluster) > READ_BACK:
            break
        kept += cluster
    return kept.rstrip() + "…"
