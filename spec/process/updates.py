"""Clause 12: what a chain of updates carries from one stream to the next."""

from dataclasses import dataclass, field
from hashlib import sha256, sha512

from nnref.spec.process.data_unit import DataUnitHeader
from nnref.spec.process.hevc import PictureFormat
from nnref.spec.process.refused import Refused
from nnref.spec.tables.enums import ParentNodeIdType


@dataclass(slots=True)
class StoredTensor:
    """Clause 12.2: Stored state of a base. The last decoded update of one tensor.

    `levels` are quantized parameters (with a codebook: levels) in row-major order; `history` is 1
    where any update so far had one that is not 0 (a base is no update); `payload` are the bytes
    of its unit's payload.
    """

    levels: list[int]
    history: list[int]
    device_id: int | None = None
    parameter_id: int | None = None
    put_node_depth: int | None = None
    payload: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredPictures:
    """Clause 15.2.4: Pictures of updates. The byte stream of all pictures of a tensor so far, their
    format and number.
    """

    payload: bytes
    format: PictureFormat
    count: int


@dataclass(slots=True)
class UpdateState:
    """Clause 12.2: Stored state of a base. By tensor name; a new chain starts with none."""

    tensors: dict[str, StoredTensor] = field(default_factory=dict)
    pictures: dict[str, StoredPictures] = field(default_factory=dict)


def temporal_base(
    state: UpdateState, header: DataUnitHeader, name: str, weights: int
) -> list[int] | None:
    """Clause 12.3: Temporal contexts. The base levels of a tensor; None when they are not used."""
    stored = state.tensors.get(name)
    if header.parent_node_id_present_flag == 1 and name == header.names[0] and stored is not None:
        check_parent(header, stored)
    if header.temporal_context_modeling_flag == 0:
        return None
    if stored is None or len(stored.levels) != weights:
        raise Refused("base-missing", f"tensor {name!r} of {weights} weights")
    return stored.levels


def check_parent(header: DataUnitHeader, stored: StoredTensor) -> None:
    """Clause 12.1: Node identification and update trees. The parent of a unit is the stored unit
    of its first tensor, named by ids or by a hash of its payload. Ids that are not known on both
    sides say nothing.
    """
    if header.parent_node_id_type != ParentNodeIdType.ICNN_NDU_ID:
        check_parent_hash(header, stored)
        return
    depth = None if header.put_node_depth is None else header.put_node_depth - 1
    for element, named, known in (
        ("parameter_id", header.parameter_id, stored.parameter_id),
        ("put_node_depth", depth, stored.put_node_depth),
    ):
        if named is not None and known is not None and named != known:
            raise Refused("parent-mismatch", f"{element} {named}, stored {known}")
    if stored.device_id is not None and stored.device_id not in (
        header.parent_device_id,
        header.device_id,
    ):
        detail = f"parent_device_id {header.parent_device_id}, stored {stored.device_id}"
        raise Refused("parent-mismatch", detail)


def check_parent_hash(header: DataUnitHeader, stored: StoredTensor) -> None:
    """Clause 12.1: Node identification and update trees. A hash over the parent's payload."""
    if stored.payload is None:
        return
    is_sha256 = header.parent_node_id_type == ParentNodeIdType.ICNN_NDU_PL_SHA256
    digest = (sha256 if is_sha256 else sha512)(stored.payload).digest()
    if int.from_bytes(digest, "big") != header.parent_node_payload_hash:
        raise Refused("parent-mismatch", f"the stored payload has the hash {digest.hex()}")


def history_mask(state: UpdateState, name: str, weights: int) -> list[int]:
    """Clause 12.4: History masks. All 0 for a tensor that no update has had yet."""
    stored = state.tensors.get(name)
    if stored is None or len(stored.history) != weights:
        return [0] * weights
    return stored.history


def store(
    state: UpdateState,
    header: DataUnitHeader,
    name: str,
    quantized: list[int],
    payload: bytes,
    is_update: int,
) -> None:
    """Clause 12.2: Stored state of a base. Levels replace the old ones; the mask only grows, and
    only in updates: `is_update` is mps_parent_signalling_enabled_flag. Tensors that a stream
    leaves out keep what they have (clause 12.5).
    """
    history = list(history_mask(state, name, len(quantized)))
    if is_update == 1:
        history = [1 if q != 0 else old for q, old in zip(quantized, history, strict=True)]
    state.tensors[name] = StoredTensor(
        quantized, history, header.device_id, header.parameter_id, header.put_node_depth, payload
    )
