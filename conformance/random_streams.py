"""Random valid streams of the base: every coding tool, from a seed.

A chain is one stream, or a stream and its updates. The levels are drawn first and the streams are
built around them, so that combinations come up which no quantizer would make: skipped rows in
block scans with dependent quantization, codebooks of any centre, members of every kind.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.conformance.generator.prng import Numbers
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.process.scan import block_row_starts, effective_scan_order, segments
from nnref.spec.syntax import (
    OutOfBand,
    StreamState,
    codebook_elements,
    entry_point_elements,
    write_unit,
)
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import Dialect, PayloadType, UnitType

Levels = NDArray[np.int32]

_CUTS: Final = 1 << 32
"""Added to the seed."""

_SIDE_MEMBERS: Final = {
    Cpt.NNR_CPT_LS: ("ls",),
    Cpt.NNR_CPT_BI: ("bias",),
    Cpt.NNR_CPT_BN: ("bn.beta", "bn.gamma", "bn.mean", "bn.var"),
}
_HEADER_ORDER: Final = ("ls", "bn.beta", "bn.gamma", "bn.mean", "bn.var", "bias")


@dataclass(frozen=True, slots=True)
class Chain:
    """Streams that are decoded in order, each with the state the one before leaves."""

    streams: tuple[bytes, ...]
    dialect: Dialect
    out_of_band: dict[str, OutOfBand]


@dataclass(slots=True)
class _Parent:
    levels: Levels
    history: NDArray[np.int8]
    depth: int


@dataclass(slots=True)
class _Tensor:
    """A data unit of the model: it keeps its shape and tools through a chain."""

    name: str
    payload_type: PayloadType
    dimensions: tuple[int, ...]
    types: Cpt
    rank: int
    g_rows: int
    unary_length: int
    scan_order: int
    codebook: bool
    named_dimensions: bool


@dataclass(slots=True)
class _Model:
    random: Numbers
    cuts: Numbers
    """Draws how data is split, so that chains are otherwise the same."""
    profile: int
    updates: bool
    opening_density: int
    """Of the model parameter set."""
    base_qp: int
    dialect: Dialect
    tensors: list[_Tensor]
    density: int = 0
    """In force."""
    out_of_band: dict[str, OutOfBand] = field(default_factory=dict)
    parents: dict[str, _Parent] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)


def random_chain(seed: int, largest: int = 60) -> Chain:
    """The chain of a seed; no tensor has more than about `largest` weights."""
    random = Numbers(seed)
    dialect = Dialect.NNCODEC_1 if random.chance(15, 100) else Dialect.NNCODEC_2
    profile = 0 if dialect == Dialect.NNCODEC_1 else int(random.chance(70, 100))
    updates = bool(profile) and random.chance(50, 100)
    model = _Model(
        random,
        Numbers(seed + _CUTS),
        profile,
        updates,
        opening_density=random.below(8),
        base_qp=random.one_of((0, 0, 0, -7, 40)),
        dialect=dialect,
        tensors=[_random_tensor(random, f"t{i}", largest) for i in range(random.between(1, 3))],
    )
    length = random.between(1, 3) if updates else 1
    streams = tuple(b"".join(_units(model, step)) for step in range(length))
    return Chain(streams, dialect, model.out_of_band)


def _random_tensor(random: Numbers, name: str, largest: int) -> _Tensor:
    payload_type = random.one_of(
        (PayloadType.NNR_PT_INT, *[PayloadType.NNR_PT_FLOAT] * 4, *[PayloadType.NNR_PT_BLOCK] * 3)
    )
    if random.chance(7, 100):
        payload_type = PayloadType.NNR_PT_RAW_FLOAT
    dimensions = _dimensions(random, largest)
    types = Cpt(0)
    if payload_type == PayloadType.NNR_PT_BLOCK:
        types = Cpt(random.between(1, 15))
    rows = [n for n in range(1, prod(dimensions) + 1) if prod(dimensions) % n == 0]
    return _Tensor(
        name,
        payload_type,
        dimensions,
        types,
        rank=random.between(1, 5),
        g_rows=random.one_of(rows),
        unary_length=random.one_of((1, 2, 3, 11, 11, 11, 16)),
        scan_order=random.one_of((0, 0, 1, 1, 2, 4)) if len(dimensions) > 1 else 0,
        codebook=payload_type in (PayloadType.NNR_PT_FLOAT, PayloadType.NNR_PT_BLOCK)
        and random.chance(30, 100),
        named_dimensions=random.chance(90, 100),
    )


def _dimensions(random: Numbers, largest: int) -> tuple[int, ...]:
    rank = random.one_of((1, 2, 2, 2, 3, 4))
    dimensions = [1] * rank
    while True:
        axis = random.below(rank)
        grown = dimensions.copy()
        grown[axis] = max(grown[axis] + 1, grown[axis] * random.between(1, 3))
        if prod(grown) > largest:
            return tuple(dimensions)
        dimensions = grown


def _units(model: _Model, step: int) -> Iterator[bytes]:
    random = model.random
    state = StreamState()
    model.density = model.opening_density
    mps = {
        "mps_quantization_method_flags": 1,
        "mps_qp_density": model.opening_density,
        "mps_quantization_parameter": model.base_qp,
    }
    if model.profile:
        mps["mps_parent_signalling_enabled_flag"] = int(model.updates)
    for kind, elements in (
        (UnitType.NNR_STR, {"general_profile_idc": model.profile}),
        (UnitType.NNR_MPS, mps),
    ):
        yield write_unit(kind, elements, b"", state)
        state = state.after(kind, elements)
    for number, tensor in enumerate(model.tensors):
        if model.cuts.chance(20, 100):
            fields = _layer_parameters(model)
            yield write_unit(UnitType.NNR_LPS, fields, b"", state)
            state = state.after(UnitType.NNR_LPS, fields)
        if random.chance(10, 100):
            content = bytes(random.below(256) for _ in range(5))
            yield write_unit(random.between(32, 63), {}, content, state)
        if step and random.chance(20, 100):
            continue  # Clause 12.5: a tensor that does not change may be left out.
        yield _data_unit(model, tensor, number, state)


def _layer_parameters(model: _Model) -> dict[str, Any]:
    """A layer parameter set, which may carry no quantization parameters."""
    if model.cuts.chance(30, 100):
        model.density = model.opening_density
        return {"lps_quantization_method_flags": 0}
    model.density = model.cuts.below(8)
    return {
        "lps_self_contained_flag": model.cuts.below(2),
        "lps_quantization_method_flags": model.cuts.one_of((1, 2, 3)),
        "lps_qp_density": model.density,
        "lps_quantization_parameter": model.cuts.between(-60, 59),
    }


def _data_unit(model: _Model, tensor: _Tensor, number: int, state: StreamState) -> bytes:
    random = model.random
    raw = tensor.payload_type == PayloadType.NNR_PT_RAW_FLOAT
    fields = _header(model, tensor, number)
    if raw:
        drawn = [random.real(1) for _ in range(prod(tensor.dimensions))]
        values = np.array(drawn, np.float32)
        return _written(model, fields, values.tobytes(), state)
    entries: list[tuple[int, int, int]] = []
    encoder = PayloadEncoder(model.dialect)
    members = list(_members(tensor, fields))
    for name, dimensions, codebook in members:
        if tensor.payload_type != PayloadType.NNR_PT_INT:
            span = 1 << (5 + model.density)
            encoder.iae(6 + model.density, random.between(-min(span, 60), min(span, 60) - 1))
        _code_member(model, tensor, fields, encoder, name, dimensions, codebook)
    payload = encoder.finish()
    scan_order = fields.get("scan_order", 0)
    for (name, dimensions, _), points in zip(members, encoder.entry_points, strict=True):
        if scan_order and name.rsplit(".", 1)[-1] in ("weight", "G", "H"):
            # Where the scan falls back to rows (clause 9.6.2) the list is there and means nothing.
            listed = -(-dimensions[0] // (4 << scan_order)) - 1
            entries += points or [(0, 0, 0)] * listed
    if scan_order:
        fields["entry_points"] = entry_point_elements(entries)
    model.depths[tensor.name] = fields.get("put_node_depth", 0)
    return _written(model, fields, payload, state)


def _written(model: _Model, fields: dict[str, Any], payload: bytes, state: StreamState) -> bytes:
    """The unit, or sometimes its data in parts (clause 8.2.1)."""
    parts = model.cuts.one_of((1, 1, 1, 1, 2, 3, 4))
    cuts = sorted(model.cuts.between(0, len(payload)) for _ in range(parts - 1))
    units = b""
    for counter, (first, last) in enumerate(pairwise((0, *cuts, len(payload)))):
        if parts > 1:
            fields |= {
                "partial_data_counter_present_flag": 1,
                "partial_data_counter": parts - 1 - counter,
            }
        units += write_unit(
            UnitType.NNR_NDU, fields, payload[first:last], state, out_of_band=model.out_of_band
        )
    return units


def _header(model: _Model, tensor: _Tensor, number: int) -> dict[str, Any]:
    random = model.random
    kind = tensor.payload_type
    fields: dict[str, Any] = {
        "nnr_compressed_data_unit_payload_type": int(kind),
        "nnr_multiple_topology_elements_present_flag": int(kind == PayloadType.NNR_PT_BLOCK),
        "nnr_decompressed_data_format_present_flag": 0,
        "input_parameters_present_flag": 1,
        "tensor_dimensions_flag": int(tensor.named_dimensions),
        "cabac_unary_length_flag": int(tensor.named_dimensions),
        "compressed_parameter_types": int(tensor.types),
    }
    names = _names(tensor)
    if kind == PayloadType.NNR_PT_BLOCK:
        fields |= {"count_topology_elements_minus2": len(names) - 2, "topology_elem_id_list": names}
    else:
        fields["topology_elem_id"] = names[0]
    if tensor.named_dimensions:
        fields["count_tensor_dimensions"] = len(tensor.dimensions)
        fields["tensor_dimensions"] = list(tensor.dimensions)
        fields["cabac_unary_length_minus1"] = tensor.unary_length - 1
    else:
        given = OutOfBand(tensor.dimensions, tensor.unary_length - 1)
        model.out_of_band[names[0]] = given
    if tensor.types & Cpt.NNR_CPT_DC:
        fields |= {"decomposition_rank": tensor.rank, "g_number_of_rows": tensor.g_rows}
    if kind != PayloadType.NNR_PT_RAW_FLOAT:
        fields["dq_flag"] = 0
    if kind in (PayloadType.NNR_PT_FLOAT, PayloadType.NNR_PT_BLOCK):
        fields["codebook_present_flag"] = int(tensor.codebook)
        fields["dq_flag"] = 0 if tensor.codebook else int(random.chance(60, 100))
    if tensor.codebook:
        fields["codebook"] = _random_codebook(random)
        if tensor.types & Cpt.NNR_CPT_DC:
            fields["codebook_dc"] = _random_codebook(random)
    if len(tensor.dimensions) > 1:
        if model.profile:
            fields["first_tensor_dimension_shift"] = 0
        raw = kind == PayloadType.NNR_PT_RAW_FLOAT
        fields["scan_order"] = 0 if raw else tensor.scan_order
    return fields | _identification(model, tensor, number)


def _identification(model: _Model, tensor: _Tensor, number: int) -> dict[str, Any]:
    """Clause 6.9.2."""
    if not model.profile:
        return {}
    fields: dict[str, Any] = {"node_id_present_flag": 0}
    if model.updates:
        known = tensor.name in model.depths
        depth = model.depths[tensor.name] + 1 if known else 0
        fields = {
            "node_id_present_flag": 1,
            "device_id": 0,
            "parameter_id": number,
            "put_node_depth": depth,
            "parent_node_id_present_flag": int(known or model.random.chance(50, 100)),
        }
        if fields["parent_node_id_present_flag"]:
            temporal = (
                known
                and tensor.payload_type != PayloadType.NNR_PT_RAW_FLOAT
                and model.random.chance(60, 100)
            )
            fields |= {
                "parent_node_id_type": 0,
                "temporal_context_modeling_flag": int(temporal),
                "parent_device_id": 0,
            }
    return fields


def _names(tensor: _Tensor) -> list[str]:
    if tensor.payload_type != PayloadType.NNR_PT_BLOCK:
        return [f"{tensor.name}.weight"]
    weights = ["G", "H"] if tensor.types & Cpt.NNR_CPT_DC else ["weight"]
    side = {role for flag, roles in _SIDE_MEMBERS.items() if tensor.types & flag for role in roles}
    return [
        f"{tensor.name}.{role}" for role in (*weights, *(r for r in _HEADER_ORDER if r in side))
    ]


def _random_codebook(random: Numbers) -> dict[str, Any]:
    size = random.one_of((1, 2, 3, 5, 9, 20))
    entries = [entry - 40 for entry in random.distinct(size, 100)]
    zero_offset = random.one_of((0, size - 1, random.below(size)))
    egk = random.below(16)
    return codebook_elements(entries, zero_offset, egk) | {
        "codebook": entries,
        "codebook_zero_offset": zero_offset,
    }


_Member = tuple[str, tuple[int, ...], dict[str, Any] | None]


def _members(tensor: _Tensor, fields: dict[str, Any]) -> Iterator[_Member]:
    """Name, dimensions and codebook of each member, in payload order."""
    first, book = tensor.dimensions[:1], fields.get("codebook")
    if tensor.payload_type == PayloadType.NNR_PT_BLOCK:
        for flag, roles in _SIDE_MEMBERS.items():
            if tensor.types & flag:
                yield from ((f"{tensor.name}.{role}", first, None) for role in roles)
    if tensor.types & Cpt.NNR_CPT_DC:
        columns = prod(tensor.dimensions) // tensor.g_rows
        yield f"{tensor.name}.G", (tensor.g_rows, tensor.rank), book
        yield f"{tensor.name}.H", (tensor.rank, columns), fields.get("codebook_dc")
    else:
        yield f"{tensor.name}.weight", tensor.dimensions, book


def _code_member(
    model: _Model,
    tensor: _Tensor,
    fields: dict[str, Any],
    encoder: PayloadEncoder,
    name: str,
    dimensions: tuple[int, ...],
    codebook: dict[str, Any] | None,
) -> None:
    random = model.random
    parent = model.parents.get(name)
    syntax = TensorSyntax(
        rows=dimensions[0],
        columns=prod(dimensions[1:]),
        unary_length=tensor.unary_length,
        dq_flag=fields["dq_flag"],
        scan_order=fields.get("scan_order", 0),
        profile=model.profile,
        parent=bool(fields.get("parent_node_id_present_flag")),
        temporal=bool(fields.get("temporal_context_modeling_flag")),
        codebook_size=len(codebook["codebook"]) if codebook else 0,
        codebook_zero_offset=codebook["codebook_zero_offset"] if codebook else 0,
    )
    row_skip = random.chance(50, 100)
    levels = _random_levels(random, syntax, tensor.payload_type)
    quantized = _on_grid(levels, syntax, row_skip) if syntax.dq_flag else levels
    encoder.encode_tensor(
        quantized,
        syntax,
        shift_search=random.one_of(("off", "exact", "compatible")),
        row_skip=row_skip,
        history_flag=random.chance(50, 100),
        base=parent.levels if parent and syntax.temporal else None,
        history=parent.history if parent else None,
    )
    history = (quantized != 0).astype(np.int8)
    if parent:
        history |= parent.history
    model.parents[name] = _Parent(quantized, history, 0)


def _random_levels(random: Numbers, syntax: TensorSyntax, payload_type: PayloadType) -> Levels:
    if syntax.codebook_size:
        low = -syntax.codebook_zero_offset
        drawn = [low + random.below(syntax.codebook_size) for _ in range(syntax.weights)]
    else:
        spread = random.one_of((0, 1, 4, 30, 1000000))
        largest = 2**31 - 1 if payload_type == PayloadType.NNR_PT_INT else 2**30 - 1
        drawn = [max(-largest, min(largest, random.around(spread))) for _ in range(syntax.weights)]
        if payload_type == PayloadType.NNR_PT_INT and random.chance(10, 100):
            drawn[0] = random.one_of((-(2**31), 2**31 - 1))
    levels = np.array(drawn, np.int32)
    for row in range(syntax.rows):
        if random.chance(30, 100):
            levels[row * syntax.columns : (row + 1) * syntax.columns] = 0
    return levels


def _on_grid(levels: Levels, syntax: TensorSyntax, row_skip: bool) -> Levels:
    """Clause 10.3: the quantized parameters of these levels, along the scan."""
    matrix = levels.reshape(syntax.rows, syntax.columns)
    has_list = row_skip and syntax.has_flags
    skipped = [has_list and not row.any() for row in matrix]
    quantized = np.zeros_like(matrix)
    scan_order = effective_scan_order(syntax.scan_order, syntax.rows, syntax.columns)
    state = 0
    for first_row in block_row_starts(scan_order, syntax.rows):
        for row, column, width in segments(scan_order, syntax.rows, syntax.columns, first_row):
            for at in range(syntax.columns if skipped[row] else width):
                if skipped[row]:
                    state = next_state(state, 0)
                    continue
                level = int(matrix[row, column + at])
                quantized[row, column + at] = quantized_parameter(level, state)
                state = next_state(state, level)
    return quantized.reshape(-1)
