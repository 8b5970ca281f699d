"""Features of a stream: what a decoder has to be able to do to decode it.

A capabilities file of a decoder names them, so the names are stable.
"""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.output import format_of
from nnref.conformance.generator.recording import HeardElement, Recorder
from nnref.spec.process import DecodedStream
from nnref.spec.tables.enums import Method, PayloadType, UnitType
from nnref.spec.tables.formats import PRIVATE_FORMAT_BASE, SCALAR_BIT

_PAYLOADS: Final = {
    PayloadType.NNR_PT_INT: "payload-int",
    PayloadType.NNR_PT_FLOAT: "payload-float",
    PayloadType.NNR_PT_RAW_FLOAT: "payload-raw",
    PayloadType.NNR_PT_BLOCK: "payload-block",
}
_UNITS: Final = {
    UnitType.NNR_LPS: "layer-parameter-set",
    UnitType.NNR_TPL: "topology-unit",
    UnitType.NNR_QNT: "quantization-unit",
}
_FLAGS: Final = {
    "dq_flag": "dependent-quantization",
    "codebook_present_flag": "codebook",
    "temporal_context_modeling_flag": "temporal-contexts",
    "parent_node_id_present_flag": "parent-ids",
    "node_id_present_flag": "node-ids",
    "mps_topology_indexed_reference_flag": "indexed-names",
    "nnr_unit_size_flag": "long-unit-size",
    "partial_data_counter_present_flag": "partial-data-counter",
}
_MAPS: Final = "performance_map"
_ROLES: Final = {
    "G": "low-rank",
    "H": "low-rank",
    "ls": "local-scaling",
    "bias": "bias",
    "vertical": "low-rank-kernels",
    "horizontal": "low-rank-kernels",
    **dict.fromkeys(("templates", "index", "scale", "offset", "residual"), "templates"),
    **dict.fromkeys(("centroids", "centroid-index", "fixed-point"), "hierarchical"),
}
_BINS: Final = {
    "row_skip_enabled_flag": "row-skipping",
    "hist_dep_sig_prob_enabled_flag": "history-contexts",
    "shift_idx_minus_1_present_flag": "shift-parameters",
}


def features_of(stream: DecodedStream, heard: Recorder, out_of_band: bool) -> tuple[str, ...]:
    """The features, sorted."""
    found = {f"profile-{stream.general_profile_idc}"}
    for kind in heard.unit_types:
        found |= {_UNITS[UnitType(kind)]} if kind in list(_UNITS) else set()
        found |= {"unknown-unit"} if kind > UnitType.NNR_AGG else set()
    for element in heard.elements:
        found |= set(_of_element(element))
    for codeword in heard.codewords.values():
        found |= {name for bin_, name in _BINS.items() if 1 in codeword.values.get(bin_, ())}
        found |= {"block-rows"} if codeword.block_rows > 1 else set()
    found |= {_ROLES.get(role, "batch-norm") for role in heard.roles if role != "weight"}
    found |= {"out-of-band"} if out_of_band else set()
    for tensor in stream.tensors:
        found.add(_PAYLOADS[PayloadType(tensor.payload_type)])
        code = tensor.data_format
        if code is not None:
            found.add(f"data-format-{format_of(code, tensor.payload_type).dtype}")
            found |= {"private-data-format"} if code >= PRIVATE_FORMAT_BASE else set()
            found |= {"no-dimensions"} if code >= PRIVATE_FORMAT_BASE + SCALAR_BIT else set()
    return tuple(sorted(found))


def _method(method_idc: int) -> str:
    return Method(method_idc).name.lower().replace("_", "-")


def _of_element(element: HeardElement) -> Iterator[str]:
    name, value = element.name, element.value
    if value == 1 and name in _FLAGS:
        yield _FLAGS[name]
    if name == "scan_order" and value != 0:
        yield f"scan-order-{value!r}"
    if name == "method_idc":
        yield _method(int(value))
    if name == "index_signature":
        yield "index-unit"
    if name == "video_bit_depth_idc":
        yield "hevc"
    if _MAPS in element.path and not name.endswith("_flag"):
        yield "performance-maps"
