"""Layers with LNQ (clause 15.1) of a stream, decoded as far as pictures need them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.data_unit import placed
from nnref.codec.decoder.headers import StreamTensor, unit_tensors
from nnref.codec.decoder.methods import MethodUnit
from nnref.codec.decoder.methods.lnq import LnqTensor, decode_layer
from nnref.codec.entropy import ClassSyntax, DecodedClasses, DecodedUnits, PublishedSyntax
from nnref.spec.limits import Limits
from nnref.spec.syntax import read_units
from nnref.spec.tables.enums import Dialect


@dataclass(frozen=True, slots=True)
class LayerPicture:
    """What LNQ made of one layer."""

    name: str
    units: NDArray[np.uint8]
    """Rows and columns of units: the class of each, or lnq_flag."""
    is_published: bool
    integers: NDArray[np.int32]
    """All weights in fractions of the step."""
    centroids: NDArray[np.int32]
    """Those of all units with a codebook; empty in class mode."""
    fraction_bits: int
    """The step is 2 to this power of its fractions."""


def decoded_layers(tensors: Iterable[StreamTensor]) -> Iterator[tuple[StreamTensor, LnqTensor]]:
    """Those of the tensors that have LNQ, decoded. Raises NnrError."""
    for tensor in tensors:
        if tensor.tools[:1] == ("lnq",):
            work = MethodUnit(tensor.unit, tensor.member, Dialect.NNCODEC_2, strict=False)
            with placed(tensor.unit, tensor.name):
                layer = decode_layer(work)
            yield tensor, layer


def layer_pictures(stream: bytes) -> Iterator[LayerPicture]:
    """Layers of a stream with LNQ that is switched on, in its order. Raises NnrError."""
    units = (unit for unit in read_units(stream) if unit.has_tensors)
    tensors = (tensor for unit in units for tensor in unit_tensors(unit, Limits()))
    for tensor, layer in decoded_layers(tensors):
        if layer.syntax is not None and layer.found is not None:
            yield _picture(tensor.name, layer.found, layer.integers.reshape(-1), layer.syntax)


def _picture(
    name: str,
    found: DecodedClasses | DecodedUnits,
    integers: NDArray[np.int32],
    syntax: ClassSyntax | PublishedSyntax,
) -> LayerPicture:
    across, fraction_bits = syntax.shape.across, syntax.fraction_bits
    if isinstance(found, DecodedUnits):
        used = np.arange(found.books.shape[1]) < np.where(found.flags, found.sizes, 0)[:, None]
        units = found.flags.reshape(-1, across)
        return LayerPicture(name, units, True, integers, found.books[used], fraction_bits)
    one = found.class_map.size == 1
    units = found.class_map.reshape(-1, 1 if one else across)
    return LayerPicture(name, units, False, integers, np.empty(0, np.int32), fraction_bits)
