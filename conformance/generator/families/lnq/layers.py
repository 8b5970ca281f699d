"""Clause 15.1: short forms of LNQ layers."""

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.methods import GROUP
from nnref.conformance.generator.lnq_encoder import LnqChoices
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Unit, parameters, start
from nnref.spec.process.lnq_contexts import set_start, set_syntax
from nnref.spec.process.lnq_header import lnq_units
from nnref.spec.process.tensor import TensorFlags, contexts_with_shift_idx
from nnref.spec.syntax import lnq_class_elements, lnq_codebook_elements
from nnref.spec.syntax.lnq_compose import Offsets
from nnref.spec.tables.enums import LnqMode, LuType, Method
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT

DENSITY: Final = 2
QP: Final = -8
UNARY: Final = 2
CLAUSES: Final = ("15.1",)


def lnq_case(
    name: str,
    title: str,
    purpose: str,
    *layers: Unit,
    clauses: tuple[str, ...] = CLAUSES,
    **options: Any,
) -> Case:
    """A stream of layers."""
    head = start(options.pop("profile", 0)), parameters(DENSITY)
    return case(GROUP, f"lnq-{name}", title, purpose, clauses, *head, *layers, **options)


def layer(
    name: str, dimensions: Sequence[int], choices: LnqChoices, header: Any, **fields: Any
) -> Unit:
    """Clause 14.2.2: a method data unit with LNQ."""
    usual: dict[str, Any] = {
        "method_signature": METHOD_SIGNATURE,
        "method_idc": int(Method.LNQ),
        "topology_elem_id": name,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "lnq_header": header,
    }
    own = {name: value for name, value in (usual | fields).items() if value is not None}
    return Unit(METHOD_UNIT, own, (choices,), strict=False)


def plain_layer(
    name: str,
    dimensions: Sequence[int],
    *,
    unary: int = 11,
    qp_delta: int = QP,
    dq_flag: int = 0,
    row_skip: bool = False,
    **fields: Any,
) -> Unit:
    """Clause 15.1: a layer whose levels are coded plainly; with `row_skip` every other row is 0."""
    rows, columns = matrix(dimensions)
    header = {
        "lnq_layer_flag": 0,
        "dq_flag": dq_flag,
        "cabac_unary_length_minus1": unary - 1,
    }
    levels = Numbers(rows + columns).levels(rows * columns)
    if row_skip:
        levels = [n if place // columns % 2 else 0 for place, n in enumerate(levels)]
    choices = LnqChoices(levels, qp_delta, row_skip=row_skip)
    return layer(name, dimensions, choices, header, **fields)


def classed(
    name: str,
    dimensions: Sequence[int],
    choices: LnqChoices,
    offsets: Sequence[Offsets],
    *,
    zero_class: int = 0,
    dq_flag: int = 0,
    **elements: Any,
) -> Unit:
    """Clause 15.1.3: a layer in class mode; offsets of every class that has some."""
    header = _header(LnqMode.CLASSES, dq_flag) | {
        "lnq_num_classes_minus1": len(offsets) + zero_class - 1,
        "lnq_zero_class_flag": zero_class,
        "lnq_classes": lnq_class_elements(offsets),
    }
    return layer(name, dimensions, choices, header | elements)


def published(
    name: str,
    dimensions: Sequence[int],
    choices: LnqChoices,
    *,
    dq_flag: int = 0,
    dictionary: Iterable[Sequence[int]] = (),
    **elements: Any,
) -> Unit:
    """Clause 15.1.4: a layer in published mode; three centroids sent directly unless said."""
    header = _header(LnqMode.PUBLISHED, dq_flag) | {
        "lnq_levels": 3,
        "lnq_variable_levels_flag": 0,
        "lnq_zero_centroid_flag": 0,
        "lnq_group_order": 0,
        "lnq_context_mode": 0,
        "lnq_centroid_mode": 0,
        "lnq_merge_enabled_flag": 0,
        "lnq_centroid_egk": 1,
    }
    if dq_flag == 0:
        header["codebook_present_flag"] = int("codebook" in elements)
    header |= elements
    options = {
        "variable_levels": header["lnq_variable_levels_flag"],
        "zero_centroid": header["lnq_zero_centroid_flag"],
    }
    books = [lnq_codebook_elements(entry, **options) for entry in dictionary]
    if books:
        header |= {"lnq_dictionary_size_minus1": len(books) - 1, "lnq_dictionary": books}
    return layer(name, dimensions, choices, header)


def _header(mode: LnqMode, dq_flag: int) -> dict[str, Any]:
    return {
        "lnq_layer_flag": 1,
        "dq_flag": dq_flag,
        "cabac_unary_length_minus1": UNARY - 1,
        "lnq_mode": int(mode),
        "lnq_fraction_bits": 1,
        "lnq_lu_type": int(LuType.TENSOR),
    }


def sized(height: int, width: int) -> dict[str, Any]:
    """Clause 15.1.2: units of this size."""
    return {"lnq_lu_type": int(LuType.SIZE), "lnq_lu_height": height, "lnq_lu_width": width}


def matrix(dimensions: Sequence[int]) -> tuple[int, int]:
    """Clause 9.6.1: rows and columns."""
    return (dimensions[0] if dimensions else 1), prod(dimensions[1:])


def shifts(sets: int, unary_length: int = UNARY) -> dict[int, int]:
    """Clause 15.1.6: a parameter set for every context of so many sets of plain levels."""
    places = contexts_with_shift_idx(set_syntax(unary_length, 0, None), TensorFlags())
    return {
        set_start(number, unary_length) + place: (number + rank) % 9
        for number in range(sets)
        for rank, place in enumerate(places)
    }


def drawn(
    seed: int, dimensions: Sequence[int], size: tuple[int, int], centroids: Sequence[int]
) -> list[int]:
    """Levels, and symbols in units of `size` that have so many centroids; 0: it has levels."""
    numbers = Numbers(seed)
    rows, columns = matrix(dimensions)
    found = numbers.levels(rows * columns, 6, 6)
    for unit, count in zip(lnq_units(size, rows, columns), centroids, strict=True):
        for row in range(unit.first_row, unit.first_row + unit.rows) if count else ():
            for column in range(unit.first_column, unit.first_column + unit.columns):
                found[row * columns + column] = numbers.below(count) - (count - 1) // 2
    return found
