"""Clause 10.6: optional steps behind the decoding of blocks."""

from dataclasses import replace

from nnref.spec.process.low_rank_kernels import kernels
from nnref.spec.process.payload import DecodedTensor
from nnref.spec.process.reconstruct import local_scaling, recomposition
from nnref.spec.process.refused import Refused
from nnref.spec.process.stream import DecodedStream


def compose_blocks(stream: DecodedStream) -> list[DecodedTensor]:
    """Clause 10.6: Composition of blocks. All tensors, where local scaling is multiplied into the
    weight (or into G) and disappears, and G and H become the weight they are the factors of.

    A composed tensor has values alone, and a name of its own. The caller decides whether to
    compose.
    """
    composed: list[DecodedTensor] = []
    for index, unit in enumerate(stream.units):
        tensors = {t.role: t for t in stream.tensors if t.unit == index}
        if unit.header is not None:
            scaled(tensors)
            recomposed(tensors, unit.header.dimensions)
        else:
            with_kernels(tensors)
        composed += tensors.values()
    if len({tensor.name for tensor in composed}) < len(composed):
        raise Refused("tensor-name-duplicate", "a composed weight has the name of another tensor")
    return composed


def scaled(tensors: dict[str, DecodedTensor]) -> None:
    """Clause 10.6: Composition of blocks. Local scaling."""
    scales = tensors.pop("ls", None)
    role = "G" if "G" in tensors else "weight"
    if scales is not None:
        rows, factors = tensors[role].dimensions[0], len(scales.values)
        if factors != rows:
            raise Refused("local-scaling-rows", f"{factors} factors for {rows} rows")
        values = local_scaling(tensors[role].values, scales.values)
        tensors[role] = without_levels(tensors[role], values)


def recomposed(tensors: dict[str, DecodedTensor], dimensions: list[int]) -> None:
    """Clause 10.6: Composition of blocks. Factors G and H of one block."""
    if "G" in tensors and "H" in tensors:
        g, h = tensors.pop("G"), tensors.pop("H")
        values = recomposition(g.values, h.values, *g.dimensions)
        weight = replace(g, name=g.name.removesuffix("_G"), role="weight", dimensions=dimensions)
        tensors["weight"] = without_levels(weight, values)


def with_kernels(tensors: dict[str, DecodedTensor]) -> None:
    """Clause 10.6: Composition of blocks. Factors of a method data unit, which are those of
    kernels.
    """
    if "G" in tensors:
        g, h = tensors.pop("G"), tensors.pop("H")
        (inputs, height, _), (_, outputs, width) = g.dimensions, h.dimensions
        dimensions = [outputs, inputs, height, width]
        values = kernels(g.values, h.values, dimensions)
        weight = replace(g, name=g.name.removesuffix("_G"), role="weight", dimensions=dimensions)
        tensors["weight"] = without_levels(weight, values)


def without_levels(tensor: DecodedTensor, values: list[float]) -> DecodedTensor:
    """Clause 10.6: Composition of blocks. The tensor with new values."""
    return replace(
        tensor,
        values=values,
        levels=None,
        quantized=None,
        codebook=None,
        exact_values=None,
    )
