"""Node and parent ids of a compressed data unit (clauses 6.9.2 and 12.1)."""

from nnref.codec.decoder.updates import StoredTensor
from nnref.codec.encoder.unit import DataUnit
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import ParentNodeIdType


def node_elements(unit: DataUnit, state: StreamState, *, temporal: bool) -> dict[str, int]:
    """Clause 6.9.2: which node a unit is, and which one is its parent.

    A base needs no ids: its tensors count as nodes of depth 0. The peer gives it some. Where the
    stream's units may have parents, it says that it has none.
    """
    settings, lineage = unit.settings, unit.lineage
    compatible = settings.compatible and settings.profile == 1
    if lineage is None:
        named = compatible or settings.device_id is not None
        own = _node(unit, None, 0) if named else {"node_id_present_flag": 0}
        may_have = state.mps_parent_signalling_enabled_flag
        return own | ({"parent_node_id_present_flag": 0} if may_have else {})
    stored = lineage.stored.tensors.get(unit.in_header()[0].name)
    depth = stored.put_node_depth if stored is not None else None
    elements = _node(unit, stored, (depth or 0) + 1)
    if not lineage.named:
        return elements | {"parent_node_id_present_flag": 0}
    return elements | _parent(unit, stored) | {"temporal_context_modeling_flag": int(temporal)}


def _node(unit: DataUnit, stored: StoredTensor | None, depth: int) -> dict[str, int]:
    """Clause 12.1: a tensor keeps its parameter_id; each update of it is one level deeper."""
    parameter_id = None if stored is None else stored.parameter_id
    return {
        "node_id_present_flag": 1,
        "device_id": unit.settings.device_id or 0,
        "parameter_id": unit.parameter_id if parameter_id is None else parameter_id,
        "put_node_depth": depth,
    }


def _parent(unit: DataUnit, stored: StoredTensor | None) -> dict[str, int]:
    """Clause 12.1: by a hash where one is asked for and the parent has a payload that is stored."""
    if stored is not None and unit.settings.parent_id == "sha256":
        kind = ParentNodeIdType.ICNN_NDU_PL_SHA256
        named = {"parent_node_payload_sha256": stored.payload_sha256}
    elif stored is not None and unit.settings.parent_id == "sha512":
        kind = ParentNodeIdType.ICNN_NDU_PL_SHA512
        named = {"parent_node_payload_sha512": stored.payload_sha512}
    else:
        kind = ParentNodeIdType.ICNN_NDU_ID
        device_id = unit.settings.device_id if stored is None else stored.device_id
        named = {"parent_device_id": device_id or 0}
    return {"parent_node_id_present_flag": 1, "parent_node_id_type": int(kind)} | named
