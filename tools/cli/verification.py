"""Verification of a stream: decode all of it, and compare it with a model."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nnref.codec import NnrError, OpenChain, Stream
from nnref.codec.model import ModelInput, open_model
from nnref.spec.errors import refusal
from nnref.tools.cli.comparison import Array, Bounds, Difference, compare
from nnref.tools.cli.output import Progress

_NAMED_PROBLEMS = 3


@dataclass(slots=True)
class Verification:
    """What was found, one tensor after the other."""

    decoded: int = 0
    """Tensors that could be decoded."""
    errors: list[NnrError] = field(default_factory=list)
    """One for every unit that could not be decoded."""
    differences: list[Difference] | None = None
    """One for every tensor of the stream or the model; None without a model."""

    @property
    def lowest_sqnr(self) -> float | None:
        """dB, of the tensor that lost most; infinite when nothing was lost, None without one."""
        return min((d.sqnr for d in self.differences or () if d.sqnr is not None), default=None)

    @property
    def identical(self) -> bool:
        """Whether the decoded model equals the model bit for bit."""
        found = self.differences
        return found is not None and not self.errors and all(d.identical for d in found)

    def error(self) -> NnrError | None:
        """Why the verification failed: the first damaged unit, else the comparison."""
        if self.errors:
            return self.errors[0]
        different = [d for d in self.differences or () if d.problems]
        problems = [f"{d.name!r}: {', '.join(d.problems)}" for d in different]
        if problems:
            rest = len(problems) - _NAMED_PROBLEMS
            named = problems[:_NAMED_PROBLEMS] + ([f"{rest} more tensors"] if rest > 0 else [])
            return refusal("comparison-failed", "; ".join(named))
        return None


def verify(
    stream: Stream | OpenChain,
    model: ModelInput | None,
    bounds: Bounds,
    progress: Progress | None = None,
    jobs: int = 1,
) -> Verification:
    """Decode every tensor of an open stream, a few units at a time, and compare it with a model.

    Of a chain the sums are compared, one after the other. A unit that cannot be decoded is noted,
    and the others are still looked at. Raises FileError when the model cannot be read.
    """
    result = Verification()
    if model is None:
        result.decoded = sum(1 for _ in _decoded(stream, result.errors, progress, jobs))
        return result
    with open_model(model) as source:
        expected = dict.fromkeys(source.names())
        result.differences = [
            Difference(name, ("not in the stream",)) for name in expected if name not in stream
        ]
        for name, array in _decoded(stream, result.errors, progress, jobs):
            result.decoded += 1
            if name in expected:
                found = compare(name, source.read(name), array, bounds)
            else:
                found = Difference(name, ("not in the model",))
            result.differences.append(found)
    return result


def _decoded(
    stream: Stream | OpenChain, errors: list[NnrError], progress: Progress | None, jobs: int
) -> Iterator[tuple[str, Array]]:
    """Every tensor that can be decoded; `errors` gets the refusals of the others' units."""
    if isinstance(stream, OpenChain):
        yield from _sums(stream, errors, progress)
        return
    total, done = len(stream), 0
    for tensors, outcome in stream.outcomes(jobs=jobs):
        if progress is not None:
            progress(done, total, tensors[0].name)
        done += len(tensors)
        if isinstance(outcome, NnrError):
            errors.append(outcome)
            continue
        for tensor, array in zip(tensors, outcome.arrays, strict=True):
            yield tensor.name, array


def _sums(
    chain: OpenChain, errors: list[NnrError], progress: Progress | None
) -> Iterator[tuple[str, Array]]:
    """Every tensor of a chain that can be decoded and added up; `errors` gets the refusals."""
    for done, name in enumerate(chain):
        if progress is not None:
            progress(done, len(chain), name)
        try:
            yield name, chain[name]
        except NnrError as error:
            errors.append(error)
