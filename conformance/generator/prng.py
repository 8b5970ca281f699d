"""Numbers that look random and are the same everywhere: xorshift64*, and levels made of it."""

from collections.abc import Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")

_MASK: Final = (1 << 64) - 1
_MULTIPLIER: Final = 0x2545F4914F6CDD1D


class Numbers:
    """xorshift64*: x ^= x >> 12, x ^= x << 25, x ^= x >> 27 modulo 2^64; the upper 32 bits of
    x * 0x2545F4914F6CDD1D are the next number. The seed is scrambled by the same multiplier.
    """

    def __init__(self, seed: int) -> None:
        self._x = ((seed + 1) * _MULTIPLIER & _MASK) or 1

    def next(self) -> int:
        """The next number, 32 bits."""
        x = self._x
        x ^= x >> 12
        x ^= x << 25 & _MASK
        x ^= x >> 27
        self._x = x
        return (x * _MULTIPLIER & _MASK) >> 32

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1; bound is at most 2^32."""
        return self.next() * bound >> 32

    def chance(self, numerator: int, denominator: int) -> bool:
        """True so many times out of so many."""
        return self.below(denominator) < numerator

    def between(self, least: int, greatest: int) -> int:
        """A number from `least` to `greatest`."""
        return least + self.below(greatest - least + 1)

    def around(self, spread: int) -> int:
        """A number from -spread to spread, the nearer to 0 the more often."""
        return self.below(spread + 1) - self.below(spread + 1)

    def real(self, largest: float) -> float:
        """A real number from -largest to largest, the nearer to 0 the more often."""
        return self.around(1 << 24) / (1 << 24) * largest

    def run(self, numerator: int, denominator: int) -> int:
        """How often in a row a chance comes true."""
        count = 0
        while self.chance(numerator, denominator):
            count += 1
        return count

    def distinct(self, count: int, bound: int) -> list[int]:
        """So many different numbers from 0 to bound - 1, in increasing order."""
        found: set[int] = set()
        while len(found) < count:
            found.add(self.below(bound))
        return sorted(found)

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]

    def level(self, zeros: int, growth: int) -> int:
        """A level: 0 in `zeros` of 16 cases, else of either sign with a magnitude that grows by
        one in `growth` of 16 cases.
        """
        if self.chance(zeros, 16):
            return 0
        magnitude = 1
        while self.chance(growth, 16):
            magnitude += 1
        return -magnitude if self.chance(1, 2) else magnitude

    def levels(self, count: int, zeros: int = 8, growth: int = 8) -> list[int]:
        """As many levels."""
        return [self.level(zeros, growth) for _ in range(count)]
