"""Clause 12: what a chain of updates carries from one stream to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256, sha512
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.spec.errors import refusal
from nnref.spec.syntax import Unit, is_method
from nnref.spec.tables.enums import ParentNodeIdType, PayloadType


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Clause 12.2: the last decoded update of one tensor.

    `quantized` (int32) and `history` (int8, 1 where any update so far was not zero; a base is no
    update) are in the tensor's dimensions; the hashes are those of its unit's payload.
    """

    quantized: NDArray[np.int32]
    history: NDArray[np.int8]
    device_id: int | None
    parameter_id: int | None
    put_node_depth: int | None
    payload_sha256: int
    payload_sha512: int


@dataclass(frozen=True, slots=True)
class StoredPictures:
    """Clause 15.2.4: the byte stream of all pictures of a tensor so far, and their number.

    `header` are the elements of the last unit's video header.
    """

    payload: bytes
    header: Mapping[str, Any]
    count: int

    @property
    def sha256(self) -> int:
        """Clause 15.2.4: video_parent_sha256 of a unit that continues them."""
        return int.from_bytes(sha256(self.payload).digest(), "big")


@dataclass(frozen=True, slots=True)
class UpdateState:
    """Clause 12.2: stored tensors by name; a new chain starts with none."""

    tensors: Mapping[str, StoredTensor] = field(default_factory=dict)
    pictures: Mapping[str, StoredPictures] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> "UpdateState":
        """The state of some tensors alone."""
        known = tuple(names)
        return UpdateState(
            {name: self.tensors[name] for name in known if name in self.tensors},
            {name: self.pictures[name] for name in known if name in self.pictures},
        )

    def base(self, unit: Unit, member: Member) -> NDArray[np.int32] | None:
        """Clause 12.3: the parent's quantized parameters, flat; None without temporal contexts.

        Raises InvalidError base-missing, IntegrityError parent-mismatch.
        """
        fields = unit.fields
        stored = self.tensors.get(member.name)
        if fields["parent_node_id_present_flag"] and stored is not None and _is_first(unit, member):
            _check_parent(fields, stored)
        if not fields["temporal_context_modeling_flag"]:
            return None
        if stored is None or stored.quantized.size != member.weights:
            raise refusal("base-missing", f"a base of {member.weights} weights")
        return stored.quantized.reshape(-1)

    def history(self, member: Member) -> NDArray[np.int8] | None:
        """Clause 12.4: the history mask, flat; None (all zero) before the first update."""
        stored = self.tensors.get(member.name)
        if stored is None or stored.history.size != member.weights:
            return None
        return stored.history.reshape(-1)

    def after(
        self,
        decoded: Iterable[tuple[Unit, Member, NDArray[np.int32] | None]],
        pictures: Mapping[str, StoredPictures],
    ) -> "UpdateState":
        """Clause 12.2: the state after a stream with these decoded members, and pictures of
        tensors.

        Tensors that the stream leaves out keep what they have (clause 12.5).
        """
        tensors = dict(self.tensors)
        hashes: dict[int, tuple[int, int]] = {}
        for unit, member, quantized in decoded:
            if quantized is None:
                continue
            is_update = bool(unit.state.mps_parent_signalling_enabled_flag)
            history = ((quantized != 0) & is_update).astype(np.int8)
            seen = self.history(member)
            if seen is not None:
                history |= seen.reshape(history.shape)
            fields = unit.fields
            if unit.index not in hashes:
                hashes[unit.index] = payload_hashes(unit.payload)
            tensors[member.name] = StoredTensor(
                quantized,
                history,
                fields["device_id"],
                fields["parameter_id"],
                fields["put_node_depth"],
                *hashes[unit.index],
            )
        return UpdateState(tensors, {**self.pictures, **pictures})


def coded_names(name: str) -> tuple[str, ...]:
    """Clause 7.8.5: the names that a tensor's coded forms usually have."""
    return (name, f"{name}_G", f"{name}_H", f"{name}_scaling")


def replaces(unit: Unit) -> bool:
    """Clause 12.6: whether the tensors of a unit are complete, and not added to what came before:
    in a stream of updates without predictive residuals, a unit that names no parent.
    """
    stream = unit.state.mps or {}
    is_update = bool(unit.state.mps_parent_signalling_enabled_flag)
    names_parent = not is_method(unit.fields) and bool(unit.fields["parent_node_id_present_flag"])
    return is_update and not names_parent and not stream.get("nnr_pre_flag")


def payload_hashes(payload: memoryview | bytes) -> tuple[int, int]:
    """Clause 12.1: SHA-256 and SHA-512 of a payload, as parent_node_payload_sha256 and _sha512."""
    digests = (sha256(payload).digest(), sha512(payload).digest())
    return int.from_bytes(digests[0], "big"), int.from_bytes(digests[1], "big")


def _is_first(unit: Unit, member: Member) -> bool:
    """Clause 12.1: whether the unit is a node of this tensor: its weight, or first factor."""
    in_block = unit.fields["nnr_compressed_data_unit_payload_type"] == PayloadType.NNR_PT_BLOCK
    return not in_block or member.role in ("weight", "G")


def _check_parent(fields: Mapping[str, Any], stored: StoredTensor) -> None:
    """Clause 12.1: the parent is the stored unit, named by ids or by a hash of its payload."""
    depth = fields["put_node_depth"]
    named: dict[str, tuple[int | None, int | None]] = {
        "parent_node_payload_sha256": (fields["parent_node_payload_sha256"], stored.payload_sha256),
        "parent_node_payload_sha512": (fields["parent_node_payload_sha512"], stored.payload_sha512),
    }
    if fields["parent_node_id_type"] == ParentNodeIdType.ICNN_NDU_ID:
        named = {
            "parameter_id": (fields["parameter_id"], stored.parameter_id),
            "put_node_depth": (None if depth is None else depth - 1, stored.put_node_depth),
        }
        # The peer writes parent_device_id 0 whatever the parent's device is.
        if stored.device_id != fields["device_id"]:
            named["parent_device_id"] = (fields["parent_device_id"], stored.device_id)
    for element, (given, known) in named.items():
        if given is not None and known is not None and given != known:
            raise refusal("parent-mismatch", f"{given}, stored {known}", element=element)
