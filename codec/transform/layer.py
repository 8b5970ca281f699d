"""One layer with its batch norm, read from a model when asked."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorInfo, TensorSource
from nnref.codec.transform.batch_norm import batch_norm_scaling, fold_batch_norm
from nnref.codec.transform.pairs import BatchNormPair
from nnref.spec.errors import refusal

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """The tensors of a pair, folded. All results are float32; nothing is read before it is asked.

    Raises UsageError tensor-unknown (a tensor of the pair is not in the model),
    tensor-dtype-unsupported (not a float type) and batch-norm-unfit (shapes that do not go
    together).
    """

    source: TensorSource
    pair: BatchNormPair
    names: Set[str]
    """All names of the source."""

    def __post_init__(self) -> None:
        pair = self.pair
        weight, mean = self.source.info(pair.weight), self.source.info(pair.mean)
        needed = (pair.weight, pair.mean, pair.var)
        for name in (*needed, pair.bias, pair.gamma, pair.beta):
            if name in needed or name in self.names:
                self._check_vector(name, self.source.info(name), mean)
        outputs = self._outputs(weight)
        if len(weight.shape) < 2 or mean.shape != (outputs,):
            detail = f"{list(mean.shape)} means for a weight {list(weight.shape)}"
            raise refusal("batch-norm-unfit", detail, tensor=pair.weight)

    def _check_vector(self, name: str, info: TensorInfo, mean: TensorInfo) -> None:
        if not is_quantized(info.dtype):
            raise refusal("tensor-dtype-unsupported", f"folding of {info.dtype}", tensor=name)
        if name != self.pair.weight and info.shape != mean.shape:
            detail = f"{list(info.shape)} beside {list(mean.shape)} means"
            raise refusal("batch-norm-unfit", detail, tensor=name)

    def _outputs(self, weight: TensorInfo) -> int:
        if self.pair.transposed:
            return weight.shape[1] * self.pair.groups if len(weight.shape) > 1 else 0
        return weight.shape[0] if weight.shape else 0

    @property
    def has_affine(self) -> bool:
        """Whether the batch norm has factors and offsets."""
        return {self.pair.gamma, self.pair.beta} <= self.names

    @property
    def weight_info(self) -> TensorInfo:
        """Of the folded weight."""
        return TensorInfo("float32", self.source.info(self.pair.weight).shape)

    @property
    def vector_info(self) -> TensorInfo:
        """Of the bias and of the local scaling factors."""
        return TensorInfo("float32", self.source.info(self.pair.mean).shape)

    def folded_weight(self) -> Array:
        """The weight that does the normalization's scaling."""
        pair = self.pair
        weight, _ = fold_batch_norm(
            self.source.read(pair.weight),
            *self._vectors(),
            pair.eps,
            transposed=pair.transposed,
            groups=pair.groups,
        )
        return weight

    def unscaled_weight(self) -> Array:
        """The weight as it is."""
        return self.source.read(self.pair.weight).astype("float32", copy=False)

    def scaling(self) -> Array:
        """The local scaling factors that do the normalization's scaling."""
        return batch_norm_scaling(*self._vectors(), self.pair.eps)[0]

    def bias(self) -> Array:
        """The bias that does the rest of the normalization."""
        return batch_norm_scaling(*self._vectors(), self.pair.eps)[1]

    def _vectors(self) -> tuple[Array | None, Array | None, Array | None, Array, Array]:
        pair, read = self.pair, self.source.read
        bias, gamma, beta = (
            read(name) if name in self.names else None
            for name in (pair.bias, pair.gamma, pair.beta)
        )
        return bias, gamma, beta, read(pair.mean), read(pair.var)
