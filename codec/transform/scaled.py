"""A model whose weights are split into scaled weights and local scaling factors."""

from collections.abc import Iterator

from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorInfo, TensorSource
from nnref.codec.model.tensors import Array
from nnref.codec.transform.local_scaling import split_local_scaling
from nnref.codec.transform.pairs import Block
from nnref.spec.errors import refusal

_SUFFIX = "_scaling"


class ScaledSource(TensorSource):
    """A model with `split_local_scaling` applied to every float tensor of two or more dimensions.

    Both parts are float32; the factors, named like the weight with `_scaling` behind, come right
    after it. Closing it closes the model. Raises UsageError tensor-announced when the model has a
    tensor of such a name, tensor-not-finite when a weight is read that has NaN or infinities.
    """

    def __init__(self, source: TensorSource) -> None:
        self.metadata = source.metadata
        self._source = source
        self._weights = {
            name + _SUFFIX: name for name in source.names() if _is_weight(source.info(name))
        }
        self._infos = dict(self._announced())

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the weights with their factors (clause 7.8.5)."""
        return tuple(Block(weight, ls=factors) for factors, weight in self._weights.items())

    def _announced(self) -> Iterator[tuple[str, TensorInfo]]:
        for name in self._source.names():
            info = self._source.info(name)
            if name in self._weights:
                raise refusal("tensor-announced", "the model has it already", tensor=name)
            if name + _SUFFIX in self._weights:
                yield name, TensorInfo("float32", info.shape)
                yield name + _SUFFIX, TensorInfo("float32", info.shape[:1])
            else:
                yield name, info

    def _load(self, name: str) -> Array:
        if name in self._weights:
            return split_local_scaling(self._source.read(self._weights[name]))[1]
        if name + _SUFFIX in self._weights:
            return split_local_scaling(self._source.read(name))[0]
        return self._source.read(name)

    def close(self) -> None:
        """Closes the model."""
        self._source.close()


def _is_weight(info: TensorInfo) -> bool:
    return is_quantized(info.dtype) and len(info.shape) >= 2 and info.size > 0
