"""Layers with the batch norms that follow them, and what became of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Form = Literal["folded", "scaled", "kept"]
"""`folded`: weight and bias do the normalization. `scaled`: the weight stays, and local scaling
factors and a bias do it. `kept`: the normalization's tensors become bn.* members of the block."""

DEFAULT_EPS = 1e-5
"""What torch adds to a variance; a state dictionary does not say."""


@dataclass(frozen=True, slots=True)
class BatchNormPair:
    """A convolution or linear layer and the batch normalization of its output, by their names in
    the state dictionary.
    """

    layer: str
    batch_norm: str
    eps: float = DEFAULT_EPS
    transposed: bool = False
    """A transposed convolution: weight [in, out / groups, ...]."""
    groups: int = 1
    """Groups of a transposed convolution; others need not say."""

    @property
    def weight(self) -> str:
        """Name of the layer's weight."""
        return _member(self.layer, "weight")

    @property
    def bias(self) -> str:
        """Name of the layer's bias, which it may not have before folding."""
        return _member(self.layer, "bias")

    @property
    def scaling(self) -> str:
        """Name of the local scaling factors: the one that NNCodec gives them."""
        return f"{self.weight}_scaling"

    @property
    def gamma(self) -> str:
        """Name of the factors, which a normalization without affine parameters lacks."""
        return _member(self.batch_norm, "weight")

    @property
    def beta(self) -> str:
        """Name of the offsets, which a normalization without affine parameters lacks."""
        return _member(self.batch_norm, "bias")

    @property
    def mean(self) -> str:
        """Name of the means."""
        return _member(self.batch_norm, "running_mean")

    @property
    def var(self) -> str:
        """Name of the variances."""
        return _member(self.batch_norm, "running_var")

    @property
    def batches(self) -> str:
        """Name of the number of batches seen, which only training needs."""
        return _member(self.batch_norm, "num_batches_tracked")

    @property
    def norm_tensors(self) -> tuple[str, ...]:
        """Names of all tensors the normalization may have."""
        return (self.gamma, self.beta, self.mean, self.var, self.batches)


@dataclass(frozen=True, slots=True)
class Block:
    """Clause 7.8.5: names of the tensors of one block; None for a member it does not have."""

    weight: str
    bias: str | None = None
    ls: str | None = None
    bn_beta: str | None = None
    bn_gamma: str | None = None
    bn_mean: str | None = None
    bn_var: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A batch normalization that stays as it is, and why."""

    batch_norm: str
    reason: str

    def __str__(self) -> str:
        return f"batch norm {self.batch_norm!r} is not folded: {self.reason}"


@dataclass(frozen=True, slots=True)
class FoldReport:
    """What was folded and what was not."""

    pairs: tuple[BatchNormPair, ...] = ()
    left: tuple[Left, ...] = ()
    output_error: float | None = None
    """The largest difference between outputs with and without folding, relative to the largest
    output; None where the model was not run."""

    @property
    def warnings(self) -> Iterator[str]:
        """One sentence per batch normalization that stays."""
        return map(str, self.left)


def _member(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name
