"""Clause 15: decoding the methods beyond the standard, a module each."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.data_unit import CodedUnit, placed
from nnref.codec.decoder.members import Member
from nnref.codec.decoder.updates import UpdateState
from nnref.codec.entropy import Decoding
from nnref.spec.syntax import Unit
from nnref.spec.tables.enums import Dialect, Method


class MethodUnit(NamedTuple):
    """Clause 14.2.2: all that the decoding of a method data unit depends on."""

    unit: Unit
    member: Member
    """The weight; of units that code several tensors the first of them."""
    dialect: Dialect
    strict: bool
    base: UpdateState = UpdateState()


def weight_alone(fields: Mapping[str, Any], names: tuple[str, ...]) -> tuple[Member, ...]:
    """The weight as the only tensor of a unit with these elements."""
    return (Member(names[0], "weight", tuple(fields["tensor_dimensions"])),)


class MethodDecoder(NamedTuple):
    """What the module of a method gives, as its attribute `DECODER`."""

    decode: Callable[[MethodUnit], CodedUnit]
    """The tensors of a unit: float32 numbers, and where its codeword ended."""
    tools: Callable[[Mapping[str, Any]], tuple[str, ...]]
    """What the elements of a unit switch on, by short name, the method's first."""
    uniform: Callable[[MethodUnit], tuple[NDArray[np.int32], int] | None] = lambda _: None
    """The integers and the qp of a uniform quantizer that give the same numbers, where the method
    is one; by default there are none."""
    members: Callable[[Mapping[str, Any], tuple[str, ...]], tuple[Member, ...]] = weight_alone
    """The coded tensors of a unit, from its elements and the names that these give them."""


_MODULES: Final = {
    Method.LNQ: "lnq",
    Method.VIDEO: "video",
    Method.LOW_RANK_KERNELS: "low_rank_kernels",
    Method.HIERARCHICAL: "hierarchical",
    Method.TEMPLATES: "templates",
    Method.DEEP_COMPRESSION: "deep_compression",
}
"""By method_idc; imported when a unit is met."""


def method_decoder(fields: Mapping[str, Any]) -> MethodDecoder:
    """The decoder of a unit with these elements; the syntax has refused unknown methods."""
    module = import_module(f"{__name__}.{_MODULES[fields['method_idc']]}")
    decoder: MethodDecoder = module.DECODER
    return decoder


def method_unit_decoding(
    unit: Unit,
    members: tuple[Member, ...],
    *,
    base: UpdateState,
    dialect: Dialect,
    strict: bool,
) -> Decoding[CodedUnit]:
    """Clause 14.2.2: the decoding of a unit's tensors; errors as of `data_unit_decoding`."""
    yield from ()
    with placed(unit, members[-1].name):
        work = MethodUnit(unit, members[0], dialect, strict, base)
        return method_decoder(unit.fields).decode(work)
