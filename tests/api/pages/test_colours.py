"""Contrast of the sheet's colour pairs, light and dark (WCAG 2.2: 4.5 for text, 3 for edges)."""

import re

import pytest

from api.pages.page import STATIC

TEXT_ON = [
    ("ink", "paper"),
    ("ink", "card"),
    ("soft-ink", "paper"),
    ("soft-ink", "card"),
    ("soft-ink", "accent-soft"),
    ("accent", "paper"),
    ("accent", "card"),
    ("accent", "accent-soft"),
    ("on-accent", "accent"),
    ("now", "now-soft"),
    ("now", "card"),
    ("now", "paper"),
    ("card", "now"),
    ("soon", "soon-soft"),
    ("normal", "normal-soft"),
    ("ink", "accent-soft"),
]
EDGE_ON = [
    ("edge", "paper"),
    ("edge", "card"),
    ("focus", "paper"),
    ("focus", "card"),
    ("accent", "card"),
    ("now", "card"),
    ("soon", "card"),
]


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6});", block))


def _themes() -> dict[str, dict[str, str]]:
    sheet = (STATIC / "site.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root\s*\{(.*?)\}", sheet, re.DOTALL)[:2]
    return {"light": _colours(light), "dark": _colours(light) | _colours(dark)}


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_twenty_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_ON)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    colours = _themes()[theme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGE_ON)
def test_edges_can_be_seen(theme: str, edge: str, ground: str) -> None:
    colours = _themes()[theme]
    assert contrast(colours[edge], colours[ground]) >= 3


def test_both_themes_name_the_same_colours() -> None:
    sheet = (STATIC / "site.css").read_text(encoding="utf-8")
    light, dark = re.findall(r":root\s*\{(.*?)\}", sheet, re.DOTALL)[:2]
    assert _colours(light).keys() - _colours(dark).keys() <= {"grain"}  # an ornament, never text
