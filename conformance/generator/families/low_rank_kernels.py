"""Clause 15.3: convolutions as pairs of vertical and horizontal filters."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from nnref.codec.decoder.methods.low_rank_kernels import (
    kernel_factors,
    kernel_names,
    kernel_syntax,
)
from nnref.codec.entropy import PayloadEncoder
from nnref.codec.entropy.search import ShiftSearch
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.methods import GROUP, on_grid
from nnref.conformance.generator.families.parameter_sets import NO_DENSITY, layer
from nnref.conformance.generator.families.units import names
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Unit, four, parameters, start
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT

DENSITY: Final = 2
_LARGE: Final = (1 << 22) + 0x2AAAB
"""Nearly all bits of a binary32 significand: products with it, and their sums, are rounded."""
_BOTH: Final = (True, False)


def kernels(
    name: str, dimensions: Sequence[int], rank: int, *, spread: int = 0, **fields: Any
) -> Unit:
    """A weight of low-rank kernels; `spread` is added to all levels but every third."""
    header = {
        "kernel_rank_minus1": rank - 1,
        "dq_flag": fields.pop("dq_flag", 0),
        "cabac_unary_length_minus1": fields.pop("unary", 11) - 1,
    }
    usual: dict[str, Any] = {
        "method_signature": METHOD_SIGNATURE,
        "method_idc": int(Method.LOW_RANK_KERNELS),
        "topology_elem_id": name,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "low_rank_header": header,
    }
    payload = _payload(usual, spread, row_skip=fields.pop("row_skip", False))
    own = {name: value for name, value in (usual | fields).items() if value is not None}
    return Unit(METHOD_UNIT, own, payload=payload, strict=False)


def _payload(fields: dict[str, Any], spread: int, *, row_skip: bool) -> bytes:
    encoder = PayloadEncoder()
    for number, factor in enumerate(kernel_factors(fields, kernel_names("w"))):
        syntax = kernel_syntax(fields["low_rank_header"], factor)
        levels = Numbers(syntax.rows + syntax.columns + number).levels(syntax.weights)
        levels = [level + spread * (i % 3 > 0) for i, level in enumerate(levels)]
        levels = on_grid(levels) if syntax.dq_flag else levels
        for row in range(0, syntax.rows if row_skip else 0, 2):
            levels[row * syntax.columns : (row + 1) * syntax.columns] = [0] * syntax.columns
        encoder.iae(6 + DENSITY, -9 + 4 * number)
        coded = np.array(levels, np.int32)
        encoder.encode_tensor(coded, syntax, shift_search=ShiftSearch.OFF, row_skip=row_skip)
    return encoder.finish()


def weights() -> Iterator[Case]:
    """Clause 15.3: shapes, ranks and tools, handed out as factors and composed."""
    order = "Four dimensions of different sizes: taken in another order they give other numbers."
    for name, title, purpose, unit in (
        ("plain", "Kernels of 3 x 2, rank 2", order, kernels("m", [4, 5, 3, 2], 2)),
        (
            "trellis",
            "Dependent quantization, unary length 1",
            "The DQ state starts afresh in H.",
            kernels("m", [3, 2, 3, 3], 3, dq_flag=1, unary=1),
        ),
        (
            "full",
            "The highest rank, unary length 256",
            "The rank is bounded by rows and columns of the matrix, not of a kernel.",
            kernels("m", [2, 3, 2, 3], 6, unary=256),
        ),
        (
            "skipped",
            "Rows that are skipped",
            "Rows of G are those of input channels, those of H belong to a rank each.",
            kernels("m", [2, 3, 2, 2], 3, row_skip=True),
        ),
        (
            "points",
            "Kernels of 1 x 1",
            "A point-wise layer has factors, too.",
            kernels("m", [5, 4, 1, 1], 2),
        ),
        (
            "columns",
            "Kernels of 5 x 1, one input channel",
            "A factor of one row or one column is a matrix.",
            kernels("m", [3, 1, 5, 1], 1),
        ),
        (
            "rounded",
            "Sums that are rounded",
            "Terms are added in the order of the rank; a fused sum rounds once.",
            kernels("m", [3, 2, 2, 3], 4, spread=_LARGE),
        ),
        (
            "bfloat16",
            "Factors in bfloat16",
            "Composed, only the weight is rounded to the data format.",
            kernels(
                "m",
                [2, 2, 2, 2],
                3,
                nnr_decompressed_data_format_present_flag=1,
                nnr_decompressed_data_format=65,
            ),
        ),
    ):
        for as_coded in _BOTH:
            yield case(
                GROUP,
                f"kernels-{name}" + ("" if as_coded else "-composed"),
                title + (", composed" if not as_coded else ""),
                purpose,
                ("14.2.2", "15.3") if as_coded else ("10.6", "15.3.3"),
                start(),
                parameters(DENSITY),
                unit,
                four(),
                decisions=("D-53",),
                as_coded=as_coded,
            )


def surroundings() -> Iterator[Case]:
    """Clauses 11 and 14.2.2: parameter sets and names."""
    yield case(
        GROUP,
        "kernels-density",
        "Low-rank kernels behind a layer parameter set",
        "The density of the layer parameter set holds for methods, too.",
        ("15.3", "11"),
        start(),
        parameters(mps_quantization_method_flags=0, **NO_DENSITY),
        layer(1, DENSITY, 0),
        kernels("m", [2, 2, 2, 2], 1),
    )
    yield case(
        GROUP,
        "kernels-indexed",
        "Low-rank kernels whose name is an index",
        "The names of factors are made of the name that the index stands for.",
        ("14.2.2", "15.3.2"),
        start(),
        parameters(DENSITY, mps_topology_indexed_reference_flag=1),
        names("a", "b"),
        kernels("", [2, 2, 1, 2], 2, topology_elem_id=None, topology_elem_id_index=1),
    )
    yield case(
        GROUP,
        "kernels-beside",
        "Two weights whose names begin alike",
        "A composed weight is named like its factors without their ending.",
        ("15.3.2", "10.6"),
        start(),
        parameters(DENSITY),
        kernels("m", [2, 2, 1, 2], 2),
        kernels("m_H", [2, 1, 2, 2], 1),
        as_coded=False,
    )


def cases() -> Iterator[Case]:
    """The family."""
    yield from weights()
    yield from surroundings()
