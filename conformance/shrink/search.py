"""The search for the smallest stream that a decoder still gets wrong in the same way."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from nnref.conformance.extents import extents
from nnref.conformance.generator.building import Description, build
from nnref.conformance.runner.adapter import RefusedError
from nnref.conformance.runner.case import Case, Tensors
from nnref.conformance.runner.fresh import request_of
from nnref.conformance.runner.literal import decode_literally
from nnref.conformance.runner.outcome import Decoder
from nnref.conformance.runner.verdict import Result, Verdict, judge
from nnref.conformance.shrink.description import described, state_before
from nnref.conformance.shrink.reductions import reductions, subsets, without
from nnref.conformance.suite.sheets import INVALID, REQUIRED, VALID
from nnref.spec.errors import NnrError, refusal
from nnref.spec.process import UpdateState

Progress = Callable[[int, int, str], None]

_MOST_ABSENT: Final = 24
"""Elements that one change can make disappear."""
_ABSENT: Final = ("element-not-present", "element-unknown")
_ALIKE: Final = {
    Verdict.FAIL: "wrong",
    Verdict.REFUSED: "wrong",
    Verdict.CRASHED: "crashed",
    Verdict.HUNG: "hung",
}
"""What stays what it is: a wrong value early in a codeword is a refusal later."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What is left: the smallest case that was found, and the verdict on it.

    `tries` counts the runs of the decoder. `elements` is False for a stream that could only be
    shrunk by whole units.
    """

    original: Case
    result: Result
    tries: int
    elements: bool

    @property
    def stream(self) -> bytes:
        """The smallest stream."""
        return self.result.case.stream


def shrink(
    decoder: Decoder, case: Case, *, most_tries: int = 2000, progress: Progress | None = None
) -> Shrunk:
    """The smallest stream that a decoder gets wrong as it does that of a case.

    A crash stays a crash, and a hang a hang; tensors that are wrong may become a refusal.

    What the case expects is not looked at: the literal decoder says what every stream holds, or
    which rule it breaks; then the smaller ones break the same. Raises UsageError setting-conflict
    when the decoder passes the case.
    """
    _, rule = _truth(case)
    search = _Search(decoder, case, rule, most_tries, progress)
    first = search.judged(case.stream)
    if first is None or first.verdict not in _ALIKE:
        verdict = first.verdict if first else Verdict.NOT_RUN
        raise refusal("setting-conflict", f"nothing to shrink, the decoder's verdict is {verdict}")
    search.found = first
    whole = None if rule else described(request_of(case, case.stream))
    if whole is None:
        search.by_units()
    else:
        search.by_elements(whole)
    return Shrunk(case, search.found, search.tries, whole is not None)


def _truth(case: Case) -> tuple[Tensors | None, str | None]:
    """The tensors of a stream, or the rule that it breaks."""
    try:
        return decode_literally(request_of(case, case.stream)), None
    except RefusedError as refused:
        return None, refused.rule
    except NnrError as error:
        return None, error.id


@dataclass(slots=True)
class _Search:
    """The smallest failing case so far; what was tried is not tried again."""

    decoder: Decoder
    case: Case
    rule: str | None
    most_tries: int
    progress: Progress | None
    tries: int = 0
    seen: set[bytes] = field(default_factory=set)
    found: Result = field(init=False)

    def judged(self, stream: bytes) -> Result | None:
        """The verdict on a stream; None for one that breaks another rule than the first, or none
        where that breaks one.
        """
        case = replace(self.case, stream=stream)
        expected, rule = _truth(case)
        if rule != self.rule:
            return None
        kind = VALID if rule is None else INVALID
        case = replace(case, kind=kind, expected=expected, rule=rule, refusal=REQUIRED)
        self.tries += 1
        if self.progress is not None:
            self.progress(self.tries, self.most_tries, f"{len(stream)} bytes")
        return judge(case, self.decoder.decode(case))

    def by_elements(self, description: Description) -> None:
        """Try every reduction of the smallest stream until none is left that fails."""
        state = state_before(request_of(self.case, b""))
        smaller: Description | None = description
        while smaller is not None:
            description = smaller
            smaller = next(self._failing(reductions(description), state), None)

    def _failing(
        self, candidates: Iterator[Description], state: UpdateState
    ) -> Iterator[Description]:
        for candidate in candidates:
            made = _made(candidate, state)
            if made is not None and self._keeps(made[1]):
                yield made[0]
            if self.tries >= self.most_tries:
                return

    def by_units(self) -> None:
        """The same with whole units, for a stream that cannot be taken apart."""
        while any(self._keeps(stream) for stream in self._fewer_units()):
            pass

    def _fewer_units(self) -> Iterator[bytes]:
        stream = self.found.case.stream
        units = [stream[offset : offset + size] for offset, size in extents(stream)]
        rest = stream[sum(map(len, units)) :]
        for gone in subsets(len(units)):
            yield b"".join(unit for i, unit in enumerate(units) if i not in gone) + rest

    def _keeps(self, stream: bytes) -> bool:
        """Whether a stream fails as the first one did; it is the smallest one then."""
        if stream in self.seen or self.tries >= self.most_tries:
            return False
        self.seen.add(stream)
        result = self.judged(stream)
        if result is None or _ALIKE.get(result.verdict) != _ALIKE[self.found.verdict]:
            return False
        self.found = result
        return True


def _made(candidate: Description, state: UpdateState) -> tuple[Description, bytes] | None:
    """A candidate without the elements that its change has made disappear, and its bytes; None
    when there is no such stream.
    """
    for _ in range(_MOST_ABSENT):
        try:
            return candidate, build(candidate, state)
        except NnrError as error:
            smaller = _without_absent(candidate, error, state)
            if smaller is None:
                return None
            candidate = smaller
        except Exception:  # the builder has no words for all that cannot be built
            return None
    return None


def _without_absent(
    description: Description, error: NnrError, state: UpdateState
) -> Description | None:
    """The description without the element that the first unit to fail cannot have."""
    element = error.place.element or error.detail
    if error.id not in _ABSENT:
        return None
    for index, unit in enumerate(description.units):
        upto = description.units[: index + 1]
        if not _is_built(replace(description, units=upto), state):
            fields = without(unit.fields, element)
            if len(fields) == len(unit.fields):
                return None
            units = [*upto[:-1], replace(unit, fields=fields), *description.units[index + 1 :]]
            return replace(description, units=units)
    return None


def _is_built(description: Description, state: UpdateState) -> bool:
    try:
        build(description, state)
    except NnrError:
        return False
    return True
