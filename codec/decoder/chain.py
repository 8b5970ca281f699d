"""Clause 12.6: a base and its updates, added up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.buffer import StreamSource
from nnref.codec.decoder.stream import Stream
from nnref.codec.decoder.updates import UpdateState
from nnref.codec.formats import rounded_to
from nnref.codec.model import TensorInfo, create_model
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

    `base` holds the tensors of the first stream, `tensors` those after all updates, by name;
    `state` is what all streams leave (clause 12.2).
    """

    semantics: Semantics = Semantics.CUMULATIVE
    base: dict[str, Array] = field(default_factory=dict)
    tensors: dict[str, Array] = field(default_factory=dict)
    state: UpdateState = field(default_factory=UpdateState)
    streams: int = 0
    stream_bytes: int = 0
    findings: tuple[NnrError, ...] = ()

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
        decoding does, InvalidError update-mismatch.
        """
        chain = cls(known_semantics(semantics))
        for stream in streams:
            chain = chain.after(stream, **options)
        return chain

    @property
    def next_base(self) -> dict[str, Array]:
        """What the next update is added to."""
        return self.base if self.semantics == Semantics.NON_CUMULATIVE else self.tensors

    def after(self, stream: StreamSource, **options: Any) -> "Chain":
        """The chain with one more stream. Options and errors are those of `of`."""
        opened = Stream(stream, base=self.state, **options)
        decoded, state = opened.decoded_with_state()
        if self.streams:
            base = self.base
            tensors = _added(self.next_base, decoded)
        else:
            base = tensors = decoded
        return replace(
            self,
            base=base,
            tensors=tensors,
            state=state,
            streams=self.streams + 1,
            stream_bytes=self.stream_bytes + opened.size,
            findings=(*self.findings, *opened.findings),
        )


def decode_chain(
    streams: Sequence[StreamSource],
    *,
    semantics: Semantics | str = Semantics.CUMULATIVE,
    **options: Any,
) -> dict[str, Array]:
    """Clause 12.6: all tensors of a base stream and its updates, oldest first, added up.

    Options are those of `Stream`: limits, dialect, strict, out_of_band.
    Raises NnrError as `decode`, and InvalidError update-mismatch.
    """
    return Chain.of(streams, semantics=semantics, **options).tensors


def decode_chain_file(
    streams: Sequence[StreamSource],
    path: str | PathLike[str],
    *,
    semantics: Semantics | str = Semantics.CUMULATIVE,
    **options: Any,
) -> Chain:
    """Decode a base and its updates into a tensor file (.safetensors, .npz, .pt).

    The file appears under its name only when everything is decoded and written; the whole model
    is in memory. Raises as `decode_chain`, and FileError.
    """
    chain = Chain.of(streams, semantics=semantics, **options)
    infos = {name: TensorInfo.of(array) for name, array in chain.tensors.items()}
    with create_model(path, infos) as sink:
        for name, array in chain.tensors.items():
            sink.write(name, array)
        sink.commit()
    return chain


def known_semantics(semantics: Semantics | str) -> Semantics:
    """The semantics of a name. Raises UsageError setting-unknown."""
    known = [one.value for one in Semantics]
    if semantics not in known:
        raise refusal("setting-unknown", f"semantics {semantics!r}; one of {', '.join(known)}")
    return Semantics(semantics)


def _added(old: dict[str, Array], update: dict[str, Array]) -> dict[str, Array]:
    """Tensors that the update leaves out stay as they are; those it brings come behind them."""
    changed = {
        name: sum_of(old[name], array, name) for name, array in update.items() if name in old
    }
    return old | update | changed


def sum_of(old: Array, update: Array, name: str) -> Array:
    """Clause 12.6: an updated tensor, in the data type of the old one.

    Floats are added in binary32 and rounded to that type; integers are added modulo 2^bits,
    booleans are exclusive-ored. Raises InvalidError update-mismatch naming the tensor.
    """
    floats = not _is_integer(old)
    if old.shape != update.shape or floats == _is_integer(update):
        detail = f"{update.dtype} of shape {list(update.shape)} to {old.dtype} of {list(old.shape)}"
        raise refusal("update-mismatch", detail, tensor=name)
    if old.dtype == np.bool_:
        return np.asarray(np.logical_xor(old, update))
    if not floats:
        return np.asarray(np.add(old, update.astype(old.dtype)))
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.asarray(np.add(old.astype(np.float32), update.astype(np.float32)))
    return rounded_to(total, old.dtype)


def _is_integer(array: Array) -> bool:
    return array.dtype.kind in "iub"
