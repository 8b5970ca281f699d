"""What a row makes of a model at a quality."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from nnref.codec import decode, open_stream
from nnref.tools.bench.workload import Tensors


@dataclass(frozen=True, slots=True)
class Outcome:
    """Sizes in bytes, and the tensors that a user gets back."""

    size: int
    weight_size: int
    """Of the tensors with at least two dimensions."""
    tensors: Mapping[str, Any]
    stream: bytes | None = None
    """Where there is one that NNR decoders read."""
    layers: Mapping[str, int] = field(default_factory=dict)
    """Bytes of those tensors by name, of a stream."""

    @classmethod
    def of_stream(cls, model: Tensors, stream: bytes) -> "Outcome":
        """Decoded by nnref."""
        opened = open_stream(stream)
        layers = {n: opened.info(n).unit.size for n, tensor in model.items() if tensor.ndim > 1}
        return cls(len(stream), sum(layers.values()), decode(stream), stream, layers)


class Row(Protocol):
    """A way to code a model."""

    def code(self, model: Tensors, quality: float) -> Outcome:
        """`quality` in dB: about the SQNR. Raises as the encoder does."""
        ...
