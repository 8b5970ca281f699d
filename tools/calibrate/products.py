"""The products of a torch module with its weights, seen from inside torch's calls.

Functions are watched, not modules: so a weight is found in whatever module, or in none, as long as
`linear`, `conv1d`, `conv2d` or `embedding` of torch multiplies by it or looks it up.
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, Final

from nnref.codec.calibration import MomentsShape

_ARGUMENTS: Final = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
"""Of a convolution, in order; the others take the first two."""


class Product:
    """One call of a torch function that multiplies by a weight."""

    def __init__(self, torch: Any, kind: str, arguments: Mapping[str, Any]) -> None:
        self._torch, self._kind, self._given = torch, kind, arguments
        self.weight = arguments["weight"]

    @property
    def shape(self) -> MomentsShape:
        """What moments of its inputs are of."""
        rows, columns = self.weight.shape[0], prod(self.weight.shape[1:])
        if self._kind == "embedding":
            return MomentsShape(rows, 0, columns)
        return MomentsShape(rows, self._given.get("groups", 1), columns)

    def inputs(self) -> Iterator[Any]:
        """Row numbers, or inputs as arrays [groups, inputs, columns], a sample at a time."""
        given = self._given["input"].detach()
        if self._kind == "embedding":
            yield given.cpu().numpy()
        elif self._kind == "linear":
            yield given.reshape(1, -1, given.shape[-1]).float().cpu().numpy()
        else:
            for sample in given if given.ndim == self.weight.ndim else given[None]:
                yield self._patches(sample.float()).cpu().numpy()

    def by_row(self, result: Any) -> Any:
        """What belongs to the result of a product: [results, rows] of the weight."""
        rows = self.weight.shape[0]
        if self._kind == "linear":
            return result.reshape(-1, rows)
        return result.movedim(1 - self.weight.ndim, -1).reshape(-1, rows)

    def _patches(self, sample: Any) -> Any:
        """What a convolution multiplies, of one sample: [groups, patches, columns]."""
        kernel = tuple(self.weight.shape[2:])
        stride, dilation = (self._sizes(name, 1) for name in ("stride", "dilation"))
        padding = self._given.get("padding", 0)
        if padding == "same":
            whole = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
            sides = [side for all_ in reversed(whole) for side in (all_ // 2, all_ - all_ // 2)]
            sample = self._torch.nn.functional.pad(sample, sides)
        around = self._sizes("padding", 0) if not isinstance(padding, str) else (0,) * len(kernel)
        if len(kernel) == 1:  # a convolution along one dimension is one of pictures a pixel high
            sample, kernel = sample[:, None], (1, *kernel)
            stride, dilation, around = (1, *stride), (1, *dilation), (0, *around)
        unfolded = self._torch.nn.functional.unfold(
            sample[None], kernel, dilation=dilation, padding=around, stride=stride
        )
        groups = self._given.get("groups", 1)
        return unfolded.reshape(groups, -1, unfolded.shape[-1]).swapaxes(1, 2)

    def _sizes(self, name: str, usual: int) -> tuple[int, ...]:
        """A number for each dimension of the kernel."""
        value = self._given.get(name, usual)
        sizes = (value,) if isinstance(value, int) else tuple(value)
        dimensions = self.weight.ndim - 2
        return sizes * dimensions if len(sizes) == 1 else sizes


def watched(torch: Any) -> dict[Any, str]:
    """The functions that multiply by a weight, and their kind."""
    functional = torch.nn.functional
    return {
        functional.linear: "linear",
        functional.conv1d: "conv1d",
        functional.conv2d: "conv2d",
        functional.embedding: "embedding",
    }


def product(torch: Any, kind: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Product:
    """The product of a call of a watched function."""
    names = _ARGUMENTS if kind.startswith("conv") else _ARGUMENTS[:2]
    return Product(torch, kind, dict(zip(names, args, strict=False)) | dict(kwargs))
