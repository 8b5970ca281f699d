"""Node and parent ids of a compressed data unit (clauses 6.9.2 and 12.1)."""

from nnref.codec.decoder.updates import StoredTensor
from nnref.codec.encoder.unit import DataUnit
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import ParentNodeIdType


def node_elements(unit: DataUnit, state: StreamState, *, temporal: bool) -> dict[str, int]:
    """Clause 6.9.2: which node a unit is, and which one is its parent.

    A base needs no ids: its tensors count as nodes of depth 0. The peer gives it some.
    """
    settings = unit.settings
    compatible = settings.compatible and settings.profile == 1
    elements = {"node_id_present_flag": 0}
    if compatible or settings.device_id is not None or unit.parent is not None:
        elements = _node(unit, _stored(unit))
    if state.mps_parent_signalling_enabled_flag:
        elements |= {"parent_node_id_present_flag": 0}
    if unit.parent is not None:
        elements |= _parent(unit, _stored(unit)) | {"temporal_context_modeling_flag": int(temporal)}
    return elements


def _stored(unit: DataUnit) -> StoredTensor | None:
    """Clause 12.1: the parent is the stored unit of the first tensor."""
    return None if unit.parent is None else unit.parent.tensors.get(unit.in_header()[0].name)


def _node(unit: DataUnit, stored: StoredTensor | None) -> dict[str, int]:
    parameter_id, depth = None, 0
    if stored is not None:
        parameter_id, depth = stored.parameter_id, stored.put_node_depth or 0
    return {
        "node_id_present_flag": 1,
        "device_id": unit.settings.device_id or 0,
        "parameter_id": unit.parameter_id if parameter_id is None else parameter_id,
        "put_node_depth": depth + (unit.parent is not None),
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
