"""What an update is made for: a chain of streams, in memory or in files."""

from collections.abc import Sequence
from os import PathLike
from typing import Any, Protocol, cast

from numpy.typing import NDArray

from nnref.codec.decoder.buffer import StreamSource
from nnref.codec.decoder.chain import Semantics, known_semantics
from nnref.codec.decoder.open_chain import OpenChain
from nnref.codec.decoder.updates import UpdateState
from nnref.spec.errors import refusal


class Base(Protocol):
    """What the next update of a chain is added to."""

    @property
    def semantics(self) -> Semantics:
        """What the update will be added to: the sum so far, or the first stream alone."""

    @property
    def base_model_id(self) -> str:
        """Clause 12.7: the name of what the update is added to."""

    def names(self) -> tuple[str, ...]:
        """The tensors that the update is added to."""

    def read(self, name: str) -> tuple[NDArray[Any], UpdateState]:
        """One of them, and what is stored of its coded tensors (clause 12.2)."""


BaseInput = StreamSource | Sequence[StreamSource] | Base
"""What a caller names as a base."""


def open_base(base: BaseInput | None, semantics: Semantics | str | None) -> Base | None:
    """The chain that an update is for: a stream, or streams with the oldest first, or a chain.

    `semantics` None means cumulative, or those of the chain. Without a base there is None. Raises
    NnrError as opening streams does, and UsageError setting-conflict (no streams, or semantics
    that contradict the chain's or have nothing to be those of).
    """
    if base is None:
        if semantics is not None:
            raise refusal("setting-conflict", "semantics without a base")
        return None
    if isinstance(base, str | PathLike | bytes | bytearray | memoryview):
        return open_base((base,), semantics)
    if isinstance(base, Sequence):
        if not base:
            raise refusal("setting-conflict", "an update of no streams")
        streams = cast("Sequence[StreamSource]", base)
        return OpenChain(streams, semantics=semantics or Semantics.CUMULATIVE)
    if semantics is not None and known_semantics(semantics) != base.semantics:
        raise refusal("setting-conflict", f"semantics {semantics} of a {base.semantics} chain")
    return base
