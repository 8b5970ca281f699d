"""All that can be made smaller or simpler in the description of a stream, one thing at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Final

import numpy as np

from nnref.conformance.generator.building import Description, UnitDescription
from nnref.conformance.generator.encoder import TensorChoices
from nnref.conformance.shrink.description import is_block
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import PayloadType, UnitType

Fields = dict[str, Any]
Reduction = Iterator[Description]

_SIDE_NAMES: Final = {Cpt.NNR_CPT_LS: 1, Cpt.NNR_CPT_BN: 4, Cpt.NNR_CPT_BI: 1}
"""Members beside the weight, in the order of their names, and how many names they have."""
_SIDE_TENSORS: Final = (Cpt.NNR_CPT_LS, Cpt.NNR_CPT_BI, Cpt.NNR_CPT_BN)
"""The same in the order of the payload, where they come before the weight."""
_KEPT_FLAGS: Final = {"independently_decodable_flag", "nnr_compressed_data_unit_payload_type"}


def reductions(description: Description) -> Reduction:
    """Everything that is one step smaller, the largest steps first."""
    for step in (_fewer_units, _fewer_members, _smaller_shapes, _fewer_levels, _simpler_fields):
        yield from step(description)
    yield from _simpler_choices(description)
    yield from _smaller_levels(description)


def subsets(count: int) -> Iterator[range]:
    """Ranges of indices to leave out: halves, quarters, down to single ones."""
    size = -(-count // 2)
    while size:
        yield from (range(first, min(first + size, count)) for first in range(0, count, size))
        size = size // 2


def with_unit(description: Description, index: int, unit: UnitDescription) -> Description:
    """The description with another unit at a place."""
    units = list(description.units)
    units[index] = unit
    return replace(description, units=units)


def _fewer_units(description: Description) -> Reduction:
    optional = [
        index
        for index, unit in enumerate(description.units)
        if unit.type not in (UnitType.NNR_STR, UnitType.NNR_MPS)
    ]
    for left_out in subsets(len(optional)):
        gone = {optional[place] for place in left_out}
        units = [unit for index, unit in enumerate(description.units) if index not in gone]
        yield replace(description, units=units)


def _of_units(
    description: Description, change: Callable[[UnitDescription], Iterator[UnitDescription]]
) -> Reduction:
    """What a change gives for every unit with levels, the others as they are."""
    for index, unit in enumerate(description.units):
        if unit.tensors:
            for changed in change(unit):
                yield with_unit(description, index, changed)


def _fewer_members(description: Description) -> Reduction:
    yield from _of_units(description, _without_members)


def _without_members(unit: UnitDescription) -> Iterator[UnitDescription]:
    """A block without one kind of side member; a weight out of its block."""
    fields = dict(unit.fields)
    types = Cpt(fields.get("compressed_parameter_types", 0))
    names = fields.get("topology_elem_id_list")
    if not is_block(unit) or names is None:
        return
    weights = 2 if types & Cpt.NNR_CPT_DC else 1
    if weights == 1:
        plain = {"topology_elem_id_list", "count_topology_elements_minus2"}
        alone = {name: value for name, value in fields.items() if name not in plain}
        alone |= {
            "nnr_compressed_data_unit_payload_type": int(PayloadType.NNR_PT_FLOAT),
            "nnr_multiple_topology_elements_present_flag": 0,
            "topology_elem_id": names[0],
            "compressed_parameter_types": 0,
        }
        yield replace(unit, fields=alone, tensors=tuple(unit.tensors)[-1:])
    for kind in _SIDE_NAMES:
        if types & kind and len(names) > 2:
            yield _without_member(unit, types, kind, weights)


def _without_member(unit: UnitDescription, types: Cpt, kind: Cpt, weights: int) -> UnitDescription:
    fields = dict(unit.fields)
    names, tensors = list(fields["topology_elem_id_list"]), list(unit.tensors)
    first_name = weights + _before(types, kind, tuple(_SIDE_NAMES))
    first_tensor = _before(types, kind, _SIDE_TENSORS)
    count = _SIDE_NAMES[kind]
    del names[first_name : first_name + count]
    del tensors[first_tensor : first_tensor + count]
    fields |= {
        "compressed_parameter_types": int(types & ~kind),
        "topology_elem_id_list": names,
        "count_topology_elements_minus2": len(names) - 2,
    }
    return replace(unit, fields=fields, tensors=tuple(tensors))


def _before(types: Cpt, kind: Cpt, order: Sequence[Cpt]) -> int:
    """How many side members of other kinds come before those of one."""
    earlier = order[: order.index(kind)]
    return sum(_SIDE_NAMES[other] for other in earlier if types & other)


def _smaller_shapes(description: Description) -> Reduction:
    yield from _of_units(description, _with_smaller_shape)


def _with_smaller_shape(unit: UnitDescription) -> Iterator[UnitDescription]:
    """Fewer rows or columns, fewer dimensions; factors keep their shapes."""
    dimensions = list(unit.fields.get("tensor_dimensions") or [])
    if Cpt(unit.fields.get("compressed_parameter_types", 0)) & Cpt.NNR_CPT_DC:
        return
    for axis, extent in enumerate(dimensions):
        for left_out in subsets(extent):
            if len(left_out) < extent:
                yield _without_slices(unit, dimensions, axis, left_out)
    if len(dimensions) > 2:
        merged = [dimensions[0], prod(dimensions[1:])]
        yield _with_dimensions(unit, merged, unit.tensors)
    if len(dimensions) > 1 and not is_block(unit):
        yield _with_dimensions(unit, [prod(dimensions)], unit.tensors)


def _without_slices(
    unit: UnitDescription, dimensions: list[int], axis: int, left_out: range
) -> UnitDescription:
    """Without some rows, columns and so on; side members have a number for each row."""
    smaller = [*dimensions[:axis], dimensions[axis] - len(left_out), *dimensions[axis + 1 :]]
    *side, weight = unit.tensors
    kept = np.delete(np.reshape(weight.levels, dimensions), left_out, axis)
    tensors = [replace(weight, levels=tuple(kept.reshape(-1).tolist()))]
    if axis == 0:
        side = [
            replace(one, levels=tuple(np.delete(one.levels, left_out).tolist())) for one in side
        ]
    return _with_dimensions(unit, smaller, [*side, *tensors])


def _with_dimensions(
    unit: UnitDescription, dimensions: list[int], tensors: Sequence[TensorChoices]
) -> UnitDescription:
    fields = dict(unit.fields)
    fields |= {"tensor_dimensions": dimensions, "count_tensor_dimensions": len(dimensions)}
    if fields.get("first_tensor_dimension_shift", 0) >= len(dimensions):
        fields["first_tensor_dimension_shift"] = 0
    return replace(unit, fields=fields, tensors=tuple(tensors))


def _of_tensors(
    description: Description, change: Callable[[TensorChoices], Iterator[TensorChoices]]
) -> Reduction:
    """What a change gives for every tensor, the others as they are."""

    def of_unit(unit: UnitDescription) -> Iterator[UnitDescription]:
        for number, tensor in enumerate(unit.tensors):
            for changed in change(tensor):
                tensors = [*unit.tensors[:number], changed, *unit.tensors[number + 1 :]]
                yield replace(unit, tensors=tuple(tensors))

    yield from _of_units(description, of_unit)


def _fewer_levels(description: Description) -> Reduction:
    yield from _of_tensors(description, _with_fewer_levels)


def _with_fewer_levels(tensor: TensorChoices) -> Iterator[TensorChoices]:
    coded = [place for place, level in enumerate(tensor.levels) if level]
    for zeroed in subsets(len(coded)):
        gone = {coded[place] for place in zeroed}
        levels = (0 if place in gone else level for place, level in enumerate(tensor.levels))
        yield replace(tensor, levels=tuple(levels))


def _smaller_levels(description: Description) -> Reduction:
    yield from _of_tensors(description, _with_smaller_levels)


def _with_smaller_levels(tensor: TensorChoices) -> Iterator[TensorChoices]:
    for place, level in enumerate(tensor.levels):
        sign = 1 if level > 0 else -1
        for magnitude in dict.fromkeys((1, abs(level) // 2, abs(level) - 1)):
            if 0 < magnitude < abs(level):
                levels = list(tensor.levels)
                levels[place] = sign * magnitude
                yield replace(tensor, levels=tuple(levels))


def _simpler_choices(description: Description) -> Reduction:
    yield from _of_tensors(description, _with_simpler_choices)


def _with_simpler_choices(tensor: TensorChoices) -> Iterator[TensorChoices]:
    if tensor.shift_idx:
        yield replace(tensor, shift_idx={})
        for context in tensor.shift_idx:
            rest = {one: idx for one, idx in tensor.shift_idx.items() if one != context}
            yield replace(tensor, shift_idx=rest)
    if tensor.row_skip:
        yield replace(tensor, row_skip=False)
    if tensor.history_flag:
        yield replace(tensor, history_flag=0)
    if tensor.qp_delta:
        yield replace(tensor, qp_delta=0)


def _simpler_fields(description: Description) -> Reduction:
    """Every element of every unit 0, empty or short, and what then is not there left out."""
    for index, unit in enumerate(description.units):
        for name, value in unit.fields.items():
            simpler = _simpler(name, value)
            if simpler is not None and name not in _KEPT_FLAGS:
                fields = {**unit.fields, name: simpler}
                yield with_unit(description, index, replace(unit, fields=fields))


def _simpler(name: str, value: Any) -> Any:
    """The simplest value of an element; None where it has it."""
    if isinstance(value, int) and value:
        return 0
    if isinstance(value, str) and len(value) > 1 and name != "topology_elem_id_list":
        return "w"
    return None


def without(fields: Mapping[str, Any], element: str) -> Fields:
    """Elements without one of them, and without what belongs to it."""
    root = element.partition(".")[0].partition("[")[0]
    return {name: value for name, value in fields.items() if name != root}
