"""Clause 14.2.2: what a method data unit says before its method takes over."""

from dataclasses import dataclass

from nnref.spec.process.bits import BitReader
from nnref.spec.process.data_unit import data_format, reference, tensor_dimensions
from nnref.spec.process.parameter_sets import ActiveParameters
from nnref.spec.process.payload import DecodedTensor
from nnref.spec.process.updates import UpdateState
from nnref.spec.tables.enums import Dialect, Method, PayloadType
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT


@dataclass(frozen=True, slots=True)
class MethodUnit:
    """Clause 14.2.2: Method data unit. All that a method depends on beside its bits."""

    index: int
    method_idc: int
    name: str
    dimensions: list[int]
    data_format: int | None
    active: ActiveParameters
    dialect: Dialect
    state: UpdateState

    @property
    def tensor_names(self) -> list[str]:
        """Clause 14.2.2: Method data unit. Those of the tensors that it codes: its own, or with
        low-rank kernels one for each factor.
        """
        if self.method_idc == Method.LOW_RANK_KERNELS:
            return [f"{self.name}_G", f"{self.name}_H"]
        return [self.name]

    def tensor(self, values: list[float]) -> DecodedTensor:
        """Clause 14.2.2: Method data unit. The tensor that it gives: binary32 numbers in row-major
        order, converted to the data format as those of NNR_PT_FLOAT are.
        """
        return DecodedTensor(
            self.index,
            self.name,
            "weight",
            self.dimensions,
            PayloadType.NNR_PT_FLOAT,
            self.data_format,
            values,
        )


def is_method_unit(bits: BitReader, nnr_unit_type: int) -> bool:
    """Clause 14.2.2: Method data unit. Type and signature tell it from the units of others."""
    first = bits.position // 8
    signature = bits.data[first : min(first + 4, bits.end // 8)]
    return nnr_unit_type == METHOD_UNIT and signature == METHOD_SIGNATURE.to_bytes(4, "big")


def method_data_unit(
    bits: BitReader,
    index: int,
    active: ActiveParameters,
    dialect: Dialect,
    state: UpdateState,
    known: list[int],
) -> MethodUnit:
    """Clause 14.2.2: Method data unit. Up to the header of its method, which is one of `known`."""
    bits.u(32, "method_signature")
    method_idc = bits.u(8, "method_idc")
    if method_idc not in known:
        raise bits.refused("method-unknown", f"method_idc {method_idc}")
    if active.mps_topology_indexed_reference_flag == 1:
        name = reference(bits, active, "topology_elem_id_index")
    else:
        name = bits.st("topology_elem_id")
    present = bits.u(1, "nnr_decompressed_data_format_present_flag")
    code = data_format(bits) if present == 1 else None
    dimensions = tensor_dimensions(bits)
    return MethodUnit(index, method_idc, name, dimensions, code, active, dialect, state)
