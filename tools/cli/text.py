"""Text for people: safe on one line, numbers with units."""

from collections.abc import Sequence
from math import isfinite


def one_line(text: str) -> str:
    """`text` with everything that is not printable escaped: line breaks, terminal controls."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shape_text(shape: Sequence[int]) -> str:
    """A shape as people write it: `64x3x7x7`, `scalar` for no dimensions."""
    return "x".join(map(str, shape)) if shape else "scalar"


def count_text(value: int) -> str:
    """An integer with thousands separators."""
    return f"{value:,}"


def number_text(value: float | None, digits: int = 2) -> str:
    """A number with a fixed number of digits; `-` where there is none."""
    return "-" if value is None else f"{value:,.{digits}f}"


def ratio_text(original: int, coded: int) -> str:
    """How many times smaller: `5.3x`."""
    return f"{original / coded:.1f}x" if coded else "-"


def finite_or_none(value: float | None) -> float | None:
    """JSON has no infinity: an SQNR without noise is null there."""
    return value if value is not None and isfinite(value) else None
