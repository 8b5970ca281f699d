"""Clause 12.6: a base and its updates, added up."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.base_model import ChainHash
from nnref.codec.decoder.buffer import StreamSource
from nnref.codec.decoder.stream import Stream
from nnref.codec.decoder.updates import UpdateState, coded_names, replaces
from nnref.codec.formats import rounded_to
from nnref.spec.errors import NnrError, refusal

Array = NDArray[Any]


class Semantics(StrEnum):
    """Clause 12.6: what the updates of a chain are added to."""

    CUMULATIVE = "cumulative"
    """Every update to the result so far."""
    NON_CUMULATIVE = "non-cumulative"
    """The last update to the base."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A base and its updates so far: what they amount to, and what the next update refers to.

    All of it is in memory, so that the next update costs no more than the last one. `base` holds
    the tensors of the first stream, `tensors` those after all updates, by name; `state` is what
    all streams leave (clause 12.2).
    """

    semantics: Semantics = Semantics.CUMULATIVE
    base: dict[str, Array] = field(default_factory=dict)
    tensors: dict[str, Array] = field(default_factory=dict)
    state: UpdateState = field(default_factory=UpdateState)
    streams: int = 0
    stream_bytes: int = 0
    findings: tuple[NnrError, ...] = ()
    hashes: ChainHash = field(default_factory=ChainHash)

    @classmethod
    def of(
        cls,
        streams: Iterable[StreamSource],
        *,
        semantics: Semantics | str = Semantics.CUMULATIVE,
        **options: Any,
    ) -> "Chain":
        """The chain of a base stream and its updates, oldest first.

        Options are those of `Stream`: limits, dialect, strict, out_of_band. Raises NnrError as
        decoding does, InvalidError update-mismatch, IntegrityError base-model-mismatch.
        """
        chain = cls(known_semantics(semantics))
        for stream in streams:
            chain = chain.after(stream, **options)
        return chain

    def after(self, stream: StreamSource, **options: Any) -> "Chain":
        """The chain with one more stream. Options and errors are those of `of`."""
        opened = Stream(stream, base=self.state, **options)
        self.hashes.check(opened, cumulative=self._cumulative)
        decoded, state = opened.decoded_with_state()
        tensors = decoded
        if self.streams:
            complete = {one.name for one in opened.tensors() if replaces(one.unit)}
            tensors = updated(self._next_base, decoded, complete)
        return replace(
            self,
            base=self.base if self.streams else decoded,
            tensors=tensors,
            state=state,
            streams=self.streams + 1,
            stream_bytes=self.stream_bytes + opened.size,
            findings=(*self.findings, *opened.findings),
            hashes=self.hashes.after(opened.buffer),
        )

    def names(self) -> tuple[str, ...]:
        """The tensors that the next update is added to, by name."""
        return tuple(self._next_base)

    def read(self, name: str) -> tuple[Array, UpdateState]:
        """What the next update of a tensor is added to; what is stored of its coded tensors."""
        return self._next_base[name], self.state.of(coded_names(name))

    @property
    def base_model_id(self) -> str:
        """Clause 12.7: the name of what the next update is added to."""
        return self.hashes.base_model_id(cumulative=self._cumulative)

    @property
    def _next_base(self) -> dict[str, Array]:
        return self.tensors if self._cumulative else self.base

    @property
    def _cumulative(self) -> bool:
        return self.semantics == Semantics.CUMULATIVE


def decode_chain(
    streams: Sequence[StreamSource],
    *,
    semantics: Semantics | str = Semantics.CUMULATIVE,
    **options: Any,
) -> dict[str, Array]:
    """Clause 12.6: all tensors of a base stream and its updates, oldest first, added up.

    Options are those of `Stream`: limits, dialect, strict, out_of_band.
    Raises NnrError as `decode`, InvalidError update-mismatch, IntegrityError base-model-mismatch.
    """
    return Chain.of(streams, semantics=semantics, **options).tensors


def known_semantics(semantics: Semantics | str) -> Semantics:
    """The semantics of a name. Raises UsageError setting-unknown."""
    known = [one.value for one in Semantics]
    if semantics not in known:
        raise refusal("setting-unknown", f"semantics {semantics!r}; one of {', '.join(known)}")
    return Semantics(semantics)


def updated(
    old: Mapping[str, Array], update: Mapping[str, Array], complete: Container[str]
) -> dict[str, Array]:
    """Clause 12.6: tensors after an update, of which those named `complete` replace the old ones.

    Tensors that the update leaves out stay as they are; those it brings come behind them.
    """
    changed = {
        name: sum_of(old[name], array, name)
        for name, array in update.items()
        if name in old and name not in complete
    }
    return {**old, **update, **changed}


def sum_of(old: Array, update: Array, name: str) -> Array:
    """Clause 12.6: an updated tensor, in the data type of the old one.

    Floats are added in binary32 and rounded to that type; integers are added modulo 2^bits,
    booleans are exclusive-ored. Raises InvalidError update-mismatch naming the tensor.
    """
    floats = not is_integer(old)
    if old.shape != update.shape or floats == is_integer(update):
        detail = f"{update.dtype} of shape {list(update.shape)} to {old.dtype} of {list(old.shape)}"
        raise refusal("update-mismatch", detail, tensor=name)
    if old.dtype == np.bool_:
        return np.asarray(np.logical_xor(old, update))
    if not floats:
        return np.asarray(np.add(old, update.astype(old.dtype)))
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.asarray(np.add(old.astype(np.float32), update.astype(np.float32)))
    return rounded_to(total, old.dtype)


def is_integer(array: Array) -> bool:
    """Whether an array holds integers or booleans."""
    return array.dtype.kind in "iub"
