"""Clause 15: encoding with methods beyond the standard, a module each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.updates import UpdateState
from nnref.codec.encoder.unit import DataUnit
from nnref.codec.encoder.weight import Weight
from nnref.codec.formats import from_carrier
from nnref.spec.syntax import StreamState
from nnref.spec.tables.enums import Method

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class MethodCoded:
    """Clause 14.2.2: a weight as a method data unit."""

    data: bytes
    decoded: Array
    """float32, in the weight's dimensions: what a decoder finds."""
    qp: int | None
    """That of what is coded at weight resolution, if there is any."""
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MethodTask:
    """A weight that a method may code, and what it has to beat."""

    weight: Weight
    unit: DataUnit
    """The unit that the weight has without the method."""
    plain: bytes
    """That unit as it is written."""
    decoded: Array
    """What a decoder makes of that unit, float32 in the weight's dimensions."""
    state: StreamState
    base: UpdateState
    """What is stored of the tensor that the weight replaces."""

    def squared_error(self, decoded: Array) -> float:
        """That of the weight as a user gets it, rounded to its data type."""
        carrier = self.weight.carrier
        output = from_carrier(decoded, carrier.format_code, carrier.payload_type)
        difference = carrier.values.astype(np.float64) - output.astype(np.float64)
        return float(np.vdot(difference, difference))


_MODULES: Final[Mapping[str, str]] = {
    "lowrank": "low_rank_kernels",
    "hierarchical": "hierarchical",
    "templates": "templates",
    "video": "video",
    "deep-compression": "deep_compression",
}
"""By `EncodeSettings.method`; imported when a tensor is to be coded with it."""


def coded_with_method(task: MethodTask) -> MethodCoded | None:
    """The weight with the method of its settings; None where that has nothing to offer.

    Only quantized matrices that are alone in their unit are coded with methods.
    """
    (first, *others) = task.unit.members
    method, weight = task.weight.settings.method, task.weight
    plain = first.qp is not None and first.codebook is None and not others
    if method is None or not plain or not weight.has_forms or weight.coded.size == 0:
        return None
    encode: Callable[[MethodTask], MethodCoded | None]
    encode = import_module(f"{__name__}.{_MODULES[method]}").encode
    return encode(task)


def common_elements(task: MethodTask, method: Method) -> dict[str, Any]:
    """Clause 14.2.2: the elements in front of the method's header."""
    unit, state, name = task.unit, task.state, task.weight.name
    fields: dict[str, Any] = {
        "method_idc": int(method),
        "count_tensor_dimensions": len(unit.dimensions),
        "tensor_dimensions": list(unit.dimensions),
        "nnr_decompressed_data_format_present_flag": int(unit.format_code is not None),
    }
    if unit.format_code is not None:
        fields["nnr_decompressed_data_format"] = unit.format_code
    if state.mps_topology_indexed_reference_flag:
        return fields | {"topology_elem_id_index": state.reference_list.index(name)}
    return fields | {"topology_elem_id": name}
