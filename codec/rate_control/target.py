"""What a stream is to reach, and how near a trial comes to it."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from numpy.typing import NDArray

from nnref.spec.errors import refusal

Evaluate = Callable[[Mapping[str, NDArray[Any]]], float]
"""From the tensors of a model by name to a number that says how well it works."""

_BOUNDS: Final = ("max_bytes", "max_bits_per_weight", "min_sqnr", "max_loss")


@dataclass(frozen=True, slots=True)
class Target:
    """One bound on a stream. Raises UsageError setting-unknown, setting-conflict."""

    max_bytes: int | None = None
    """Bytes of the stream."""
    max_bits_per_weight: float | None = None
    """Bits of the stream for each number of the model, whatever its tensor."""
    min_sqnr: float | None = None
    """dB, of all weight tensors taken together (`Allocation.sqnr`)."""
    max_loss: float | None = None
    """By how much the number that `evaluate` gives for the decoded model may be worse than what it
    gives for the model itself."""
    evaluate: Evaluate | None = None
    higher_is_better: bool = True
    """Whether a higher number of `evaluate` is the better one."""

    def __post_init__(self) -> None:
        given = [name for name in _BOUNDS if getattr(self, name) is not None]
        if len(given) != 1:
            raise refusal("setting-conflict", f"one target is needed, of {', '.join(_BOUNDS)}")
        value = getattr(self, given[0])
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value < math.inf or (given == ["max_bytes"] and value % 1):
            raise refusal("setting-unknown", f"{given[0]} = {value!r}")
        if (self.max_loss is None) != (self.evaluate is None):
            raise refusal("setting-conflict", "max_loss and evaluate go together")

    @property
    def bounds(self) -> tuple[float | None, ...]:
        """All bounds, of which one is there."""
        return tuple(getattr(self, name) for name in _BOUNDS)

    @property
    def bounds_size(self) -> bool:
        """Whether the size is bounded and the quality sought, not the other way round."""
        return self.max_bytes is not None or self.max_bits_per_weight is not None

    def byte_limit(self, weights: int) -> int | None:
        """Bytes that a model of so many numbers may take, if it is the size that is bounded."""
        if self.max_bits_per_weight is not None:
            return math.floor(self.max_bits_per_weight * weights / 8)
        return self.max_bytes

    def loss(self, original: float, decoded: float) -> float:
        """By how much a decoded model is worse; NaN where one of the numbers is none."""
        return original - decoded if self.higher_is_better else decoded - original


@dataclass(frozen=True, slots=True)
class Trial:
    """One stream that was made on the way to a target."""

    scale: float
    """The common scale of all steps (`allocation`); larger is coarser."""
    stream_bytes: int
    sqnr: float
    """dB, of all weight tensors taken together."""
    metric: float | None
    """What `evaluate` gave, where there is one."""
    loss: float | None
    met: bool
    """Whether it is within the target."""
    rd_lambda: float | None = None
    """What a bit was worth, where that is not what the settings say."""

    @property
    def badness(self) -> float:
        """What is the less the better: the loss, or without an evaluation less the SQNR."""
        return -self.sqnr if self.loss is None else self.loss


def pareto(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The trials that no other one beats in bytes and in quality, smallest first."""
    best: list[Trial] = []
    for trial in sorted(trials, key=lambda trial: (trial.stream_bytes, trial.badness)):
        if trial.badness < (best[-1].badness if best else math.inf):
            best.append(trial)
    return tuple(best)
