"""One figure of the bench: what was measured, beside what it is to be compared with."""

Row = dict[str, object]


def row(what: str, figure: float, unit: str, beside: str, other: float) -> Row:
    """Round both figures to three places and give their ratio."""
    return {
        "what": what,
        "figure": round(figure, 3),
        "unit": unit,
        "beside": beside,
        "other": round(other, 3),
        "ratio": round(figure / other, 2) if other else None,
    }
