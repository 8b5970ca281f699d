"""Following one number to the last place where something still holds. Encoder policy."""

import math
from typing import Final

_GUIDED: Final = 6
"""Trials that follow the distance measured; later ones halve the interval."""
_STRIDE: Final = 0.5
"""The first stride where nobody knows the distance; later ones are longer."""
_DESCENTS: Final = 4
"""Bad places in a row after which the lower bound itself is looked at."""


class Bracket:
    """Looks between two bounds for the largest place that is good, nearly.

    Keeps the largest place that was found good below the smallest one found bad.
    """

    def __init__(self, low: float, high: float, start: float, resolution: float) -> None:
        self._low, self._high = low, high
        self._good: float | None = None
        self._bad: float | None = None
        self._resolution = resolution
        self._trials = 0
        self.place = min(max(start, low), high)
        """Where to look."""

    def note(self, good: bool, distance: float) -> bool:
        """Take what was found at `place` and move on; whether there is somewhere to go.

        `distance` says how far up from here the last good place seems to be, 0 that this is near
        enough, NaN that nobody knows.
        """
        self._trials += 1
        place = self.place
        if good:
            self._good = place if self._good is None else max(self._good, place)
        else:
            self._bad = place if self._bad is None else min(self._bad, place)
        end = self._high if good else self._low
        if (good and distance == 0) or place == end or self._width <= self._resolution:
            return False
        self.place = self._next(place, good, distance)
        return True

    @property
    def _width(self) -> float:
        if self._good is None or self._bad is None:
            return math.inf
        return self._bad - self._good

    def _next(self, place: float, good: bool, distance: float) -> float:
        guided = self._trials <= _GUIDED and math.isfinite(distance)
        if self._good is not None and self._bad is not None:
            aimed = place + distance if guided else math.nan
            inside = self._good < aimed < self._bad
            return aimed if inside else (self._good + self._bad) / 2
        if not good and self._trials >= _DESCENTS:
            return self._low
        step = distance if guided else math.copysign(_STRIDE * 2.0**self._trials, good - 0.5)
        step = max(step, self._resolution) if good else min(step, -self._resolution)
        return min(max(place + step, self._low), self._high)
