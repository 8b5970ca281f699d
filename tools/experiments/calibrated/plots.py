"""Plots as SVG: curves on logarithmic axes, and bars."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil, floor, log10
from typing import Final

Point = tuple[float, float]

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 200, 20, 50
_COLOURS: Final = (
    "#0b6e4f", "#d1495b", "#30638e", "#edae49", "#7b2d8b",
    "#8d99ae", "#e07a1f", "#2a9d8f", "#5f0f40", "#3d405b", "#a44a3f",
)  # fmt: skip


class LogAxis:
    """Numbers from the least to the largest of some, to pixels, by their logarithms."""

    def __init__(self, numbers: Iterable[float], start: float, end: float) -> None:
        logs = [log10(number) for number in numbers]
        self._low, self._high = min(logs) - 0.05, max(logs) + 0.05
        self._start, self._end = start, end

    def at(self, number: float) -> float:
        """The pixel of a number."""
        part = (log10(number) - self._low) / (self._high - self._low)
        return self._start + part * (self._end - self._start)

    def ticks(self) -> Iterator[float]:
        """Powers of ten; with the numbers 2 and 5 between them where there are few."""
        steps = (1, 2, 5) if self._high - self._low < 3 else (1,)
        for power in range(floor(self._low), ceil(self._high) + 1):
            for step in steps:
                if self._low <= log10(step) + power <= self._high:
                    yield step * 10.0**power


def curves(lines: Mapping[str, Sequence[Point]], across: str, upwards: str) -> str:
    """Lines with marks at their points (across, upwards), all of them positive, and a legend."""
    points = [point for line in lines.values() for point in line]
    x = LogAxis((point[0] for point in points), _LEFT, _WIDTH - _RIGHT)
    y = LogAxis((point[1] for point in points), _HEIGHT - _BOTTOM, _TOP)
    parts = [*_grid(x, y), _text(_LEFT, _HEIGHT - 12, across), _text(4, _TOP - 6, upwards)]
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        places = [(x.at(a), y.at(b)) for a, b in sorted(line)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.6" fill="{colour}"/>' for a, b in places]
        height = _TOP + 16 * number + 10
        parts.append(
            f'<circle cx="{_WIDTH - _RIGHT + 16}" cy="{height - 4}" r="4" fill="{colour}"/>'
        )
        parts.append(_text(_WIDTH - _RIGHT + 26, height, name))
    return _svg(_HEIGHT, parts)


def bars(numbers: Mapping[str, float], words: str) -> str:
    """A horizontal bar for each name, with its number."""
    largest = max(numbers.values(), default=0) or 1
    left, row = 230, 16
    parts = [_text(4, 14, words)]
    for place, (name, number) in enumerate(numbers.items()):
        top = 24 + row * place
        width = (_WIDTH - left - 60) * number / largest
        parts.append(_text(4, top + 11, name))
        bar = f'y="{top}" width="{width:.1f}" height="{row - 3}" fill="{_COLOURS[0]}"'
        parts.append(f'<rect x="{left}" {bar}/>')
        parts.append(_text(left + width + 4, top + 11, f"{number:.2f}"))
    return _svg(30 + row * len(numbers), parts)


def _grid(x: LogAxis, y: LogAxis) -> Iterator[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for tick in x.ticks():
        yield _line(x.at(tick), _TOP, x.at(tick), bottom)
        yield _text(x.at(tick) - 10, bottom + 16, f"{tick:g}")
    for tick in y.ticks():
        yield _line(_LEFT, y.at(tick), right, y.at(tick))
        yield _text(4, y.at(tick) + 4, f"{tick:,.0f}")


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} stroke="#ddd"/>'


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="11">{html.escape(words)}</text>'


def _svg(height: int, parts: Iterable[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    return head + "".join(parts) + "</svg>"
