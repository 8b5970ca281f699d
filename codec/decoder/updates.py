"""Clause 12: what a chain of updates carries from one stream to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.spec.errors import refusal
from nnref.spec.syntax import Unit
from nnref.spec.tables.enums import ParentNodeIdType


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Clause 12.2: the last decoded update of one tensor.

    `quantized` (int32) and `history` (int8, 1 where any update so far was not zero) are in the
    tensor's dimensions.
    """

    quantized: NDArray[np.int32]
    history: NDArray[np.int8]
    device_id: int | None
    parameter_id: int | None
    put_node_depth: int | None


@dataclass(frozen=True, slots=True)
class UpdateState:
    """Clause 12.2: stored tensors by name; a new chain starts with none."""

    tensors: Mapping[str, StoredTensor] = field(default_factory=dict)

    def of(self, names: Iterable[str]) -> "UpdateState":
        """The state of some tensors alone."""
        return UpdateState({name: self.tensors[name] for name in names if name in self.tensors})

    def base(self, unit: Unit, member: Member) -> NDArray[np.int32] | None:
        """Clause 12.3: the parent's quantized parameters, flat; None without temporal contexts.

        Raises InvalidError base-missing, IntegrityError parent-mismatch.
        """
        if not unit.fields["temporal_context_modeling_flag"]:
            return None
        stored = self.tensors.get(member.name)
        if stored is None or stored.quantized.size != member.weights:
            raise refusal("base-missing", f"a base of {member.weights} weights")
        _check_parent(unit.fields, stored)
        return stored.quantized.reshape(-1)

    def history(self, member: Member) -> NDArray[np.int8] | None:
        """Clause 12.4: the history mask, flat; None (all zero) before the first update."""
        stored = self.tensors.get(member.name)
        if stored is None or stored.history.size != member.weights:
            return None
        return stored.history.reshape(-1)

    def after(
        self, decoded: Iterable[tuple[Unit, Member, NDArray[np.int32] | None]]
    ) -> "UpdateState":
        """Clause 12.2: the state after a stream with these decoded members.

        Tensors that the stream leaves out keep what they have (clause 12.5).
        """
        tensors = dict(self.tensors)
        for unit, member, quantized in decoded:
            if quantized is None:
                continue
            history = (quantized != 0).astype(np.int8)
            seen = self.history(member)
            if seen is not None:
                history |= seen.reshape(history.shape)
            fields = unit.fields
            tensors[member.name] = StoredTensor(
                quantized,
                history,
                fields["device_id"],
                fields["parameter_id"],
                fields["put_node_depth"],
            )
        return UpdateState(tensors)


def _check_parent(fields: Mapping[str, Any], stored: StoredTensor) -> None:
    """Clause 12.1: the parent is the same parameter of the same device, one level higher."""
    if fields["parent_node_id_type"] != ParentNodeIdType.ICNN_NDU_ID:
        return
    depth = fields["put_node_depth"]
    for element, named, known in (
        ("device_id", fields["device_id"], stored.device_id),
        ("parameter_id", fields["parameter_id"], stored.parameter_id),
        ("put_node_depth", None if depth is None else depth - 1, stored.put_node_depth),
    ):
        if named is not None and known is not None and named != known:
            raise refusal("parent-mismatch", f"{named}, stored {known}", element=element)
