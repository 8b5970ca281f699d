"""Clause 9.1: decoding several payloads, two of them side by side.

The decoding of a payload is written once, as a generator that asks for one tensor after the other.
`decode_alone` answers nothing, so that the generator helps itself; `decode_together` answers with
plain tensors of two payloads that were decoded in one loop.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.arrays import NO_FLAGS, NO_LEVELS, Quantized
from nnref.codec.entropy.bounds import most_context_bins
from nnref.codec.entropy.decoder import PayloadDecoder
from nnref.codec.entropy.kernels import decode as kernel
from nnref.codec.entropy.kernels import pairs
from nnref.codec.entropy.plan import plan
from nnref.codec.entropy.steps import step_table
from nnref.codec.entropy.syntax import EntryPoint, TensorSyntax
from nnref.spec.errors import NnrError
from nnref.spec.tables.cabac import OFFSET_BITS

LEAST_WEIGHTS: Final = 4096
"""Smaller tensors are decoded faster than they are made ready for two."""

_NO_BLOCK_ROWS: Final = (0, 0, 0, 0, 0)
_NO_ENTRIES: Final = np.empty(0, np.int64)
_CODER: Final = slice(pairs.VALUE, pairs.NEXT_WORD + 1)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TensorRequest:
    """The next tensor of a payload: the arguments of `PayloadDecoder.decode_tensor`."""

    decoder: PayloadDecoder
    syntax: TensorSyntax
    base: Quantized | None = None
    history: npt.NDArray[Any] | None = None
    entry_points: Sequence[EntryPoint] | None = None

    @property
    def is_plain(self) -> bool:
        """Clause 9.5: a row-major scan without codebook, temporal contexts and history mask."""
        syntax = self.syntax
        with_codebook = syntax.codebook_size > 0 and syntax.profile == 1
        return not (
            with_codebook or syntax.block_edge or syntax.uses_base or self.history is not None
        )

    def decode(self) -> Quantized:
        """Clause 6.14: the tensor; raises what `PayloadDecoder.decode_tensor` raises."""
        return self.decoder.decode_tensor(
            self.syntax, self.base, self.history, entry_points=self.entry_points
        )


Decoding: TypeAlias = Generator[TensorRequest, Quantized | None, T]
"""The decoding of one payload: yields a request, gets the tensor or None, then calls `decode`."""


def decode_alone(decoding: Decoding[T]) -> T:
    """Run a decoding by itself; raises what it raises."""
    while True:
        try:
            next(decoding)
        except StopIteration as end:
            result: T = end.value
            return result


def decode_together(decodings: Iterable[Decoding[T]]) -> list[T | NnrError]:
    """Run several decodings, two at a time; gives their results or refusals in their order.

    Every result and every refusal is what `decode_alone` would give: where anything is wrong
    with a plain tensor, it is left to the general decoder, which says what.
    """
    results: dict[int, T | NnrError] = {}
    waiting = enumerate(decodings)
    running: list[_Track[T]] = []
    while True:
        while len(running) < 2 and (entry := next(waiting, None)) is not None:
            _advance(_Track(*entry), None, running, results)
        if not running:
            return [results[index] for index in sorted(results)]
        if len(running) == 2:
            _run_pair(running[0].lane, running[1].lane)
        elif running[0].lane.is_new:
            _advance(running.pop(), None, running, results)
            continue
        else:
            running[0].lane.run_rest()
        ended = [track for track in running if track.lane.ended]
        running = [track for track in running if not track.lane.ended]
        for track in ended:
            _advance(track, track.lane.close(), running, results)


class _Track(Generic[T]):
    """One decoding and, while it waits for a plain tensor, the lane of that tensor."""

    __slots__ = ("decoding", "index", "lane")

    lane: "Lane"

    def __init__(self, index: int, decoding: Decoding[T]) -> None:
        self.index = index
        self.decoding = decoding


def _advance(
    track: _Track[T],
    answer: Quantized | None,
    running: list[_Track[T]],
    results: dict[int, T | NnrError],
) -> None:
    """Run a decoding to its next plain tensor, which joins `running`, or to its end."""
    while True:
        try:
            request = track.decoding.send(answer)
        except StopIteration as end:
            results[track.index] = end.value
            return
        except NnrError as error:
            results[track.index] = error
            return
        lane = open_lane(request, request.syntax.weights)
        if lane is not None:
            track.lane = lane
            running.append(track)
            return
        answer = None


class Lane:
    """A plain tensor on its way; the decoder of its payload is untouched until the end."""

    __slots__ = (
        "_contexts", "_decoder", "_form", "_quantized", "_state", "_status", "_steps", "_words",
    )  # fmt: skip

    def __init__(
        self,
        request: TensorRequest,
        registers: npt.NDArray[np.int64],
        contexts: npt.NDArray[np.int64],
        quantized: Quantized,
    ) -> None:
        syntax = request.syntax
        self._decoder = request.decoder
        self._words = request.decoder._words
        self._contexts = contexts
        self._form = (syntax.unary_length, syntax.dq_flag)
        self._steps = step_table(*self._form)
        self._quantized = quantized
        self._status: int = kernel.OK
        self._state = np.zeros(pairs.LANE, np.int64)
        self._state[_CODER] = registers[_CODER]

    @property
    def is_new(self) -> bool:
        """Whether nothing is decoded yet: nothing is lost if the general decoder does it all."""
        return not self._state[pairs.POSITION]

    @property
    def ended(self) -> bool:
        """Whether the tensor is complete or broken."""
        return self._status != kernel.OK or int(self._state[pairs.POSITION]) == self._quantized.size

    @property
    def is_broken(self) -> bool:
        """Whether the payload has no such bins."""
        ahead, next_word = self._state[pairs.READ_AHEAD : pairs.NEXT_WORD + 1].tolist()
        shifts = kernel.WORD * next_word - ahead - OFFSET_BITS
        return self._status != kernel.OK or shifts > self._decoder._most_shifts

    def go_on(self, quantized: Quantized) -> None:
        """Decode as many weights as the array holds, behind those before."""
        self._quantized = quantized
        self._state[pairs.POSITION] = 0
        self.run_rest()

    def run_rest(self) -> None:
        """Decode to the end."""
        self._status = pairs.decode_rest(
            self._form, self._words, self._contexts, self._steps, self._quantized, self._state
        )

    def close(self) -> Quantized | None:
        """The tensor, with its decoder behind it; None, with its decoder before it, if broken."""
        if self.is_broken:
            return None
        self._decoder._registers[_CODER] = self._state[_CODER]
        return self._quantized


def _run_pair(a: Lane, b: Lane) -> None:
    """Decode until one lane ends."""
    a._status, b._status = pairs.decode_pair(
        (a._form, b._form),
        a._words,
        b._words,
        a._contexts,
        b._contexts,
        a._steps,
        b._steps,
        a._quantized,
        b._quantized,
        a._state,
        b._state,
    )


def open_lane(request: TensorRequest, weights: int) -> Lane | None:
    """The lane of a tensor behind its flags and shift parameters; None where it is not plain.

    It has room for its first `weights` weights.
    """
    syntax, decoder = request.syntax, request.decoder
    most = most_context_bins(decoder._most_shifts)
    if not LEAST_WEIGHTS <= syntax.weights <= most or not request.is_plain:
        return None
    layout, indices, contexts, _ = plan(syntax, decoder.dialect)
    registers = decoder._registers.copy()
    store = np.empty(2 * contexts, np.int64)
    kernel.decode_tensor(
        decoder._words,
        registers,
        layout,
        _NO_BLOCK_ROWS,
        NO_LEVELS,
        NO_LEVELS,
        NO_FLAGS,
        _NO_ENTRIES,
        store,
        indices,
        np.empty(syntax.rows if syntax.has_flags else 0, np.uint8),
    )
    if registers[kernel.ROW_SKIP_FLAG]:
        return None
    return Lane(request, registers, store[contexts:], np.empty(weights, np.int32))
