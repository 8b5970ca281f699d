"""Clauses 8.2 and 11: what earlier units and the caller establish for the units that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

from construct.lib import Container

from nnref.spec.limits import Limits
from nnref.spec.tables.enums import TopologyStorageFormat, UnitType


@dataclass(frozen=True, slots=True)
class OutOfBand:
    """Clause 7.8.6: what the caller knows of a tensor when its unit does not say it."""

    tensor_dimensions: Sequence[int] | None = None
    cabac_unary_length_minus1: int | None = None


@dataclass(frozen=True)
class StreamState:
    """Clause 11: what the units before a unit established."""

    general_profile_idc: int | None = None
    """None before the start unit."""
    mps: Container | None = None
    """Elements of the model parameter set."""
    lps: Container | None = None
    """Elements of the last layer parameter set."""
    reference_list: tuple[str, ...] = ()
    """Names of the last reference list topology (NNR_TPL_REFLIST)."""

    @property
    def profile(self) -> int:
        """Clause 8.1: 1 if general_profile_idc is 1, else 0."""
        return int(self.general_profile_idc == 1)

    @property
    def mps_parent_signalling_enabled_flag(self) -> int:
        """Clause 7.3.3: 1 in a stream of updates."""
        return self._of_mps("mps_parent_signalling_enabled_flag")

    @property
    def mps_topology_indexed_reference_flag(self) -> int:
        """Clause 7.8.2: 1 if topology elements are referred to by index."""
        return self._of_mps("mps_topology_indexed_reference_flag")

    @property
    def qp_density(self) -> int | None:
        """Clause 7.3.2: of the last parameter set that has one; None without any."""
        return self._of_parameter_sets("qp_density")

    @property
    def base_qp(self) -> int:
        """Clause 7.3.2: quantization_parameter of the same parameter set; 0 without any."""
        return self._of_parameter_sets("quantization_parameter") or 0

    def after(self, nnr_unit_type: int, fields: Mapping[str, Any]) -> Self:
        """Clause 11: the state after a unit with these elements."""
        if nnr_unit_type == UnitType.NNR_STR:
            return replace(self, general_profile_idc=fields["general_profile_idc"])
        if nnr_unit_type == UnitType.NNR_MPS:
            return replace(self, mps=Container(fields))
        if nnr_unit_type == UnitType.NNR_LPS:
            return replace(self, lps=Container(fields))
        is_topology = nnr_unit_type == UnitType.NNR_TPL
        if is_topology and fields["topology_storage_format"] == (
            TopologyStorageFormat.NNR_TPL_REFLIST
        ):
            return replace(self, reference_list=tuple(fields["topology_elem_id_list"]))
        return self

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """What the conditions of the syntax name of earlier units."""
        return {
            "general_profile_idc": self.general_profile_idc,
            "mps_parent_signalling_enabled_flag": self.mps_parent_signalling_enabled_flag,
            "mps_topology_indexed_reference_flag": self.mps_topology_indexed_reference_flag,
            "qp_density": self.qp_density,
            "reference_list": self.reference_list,
        }

    def _of_mps(self, name: str) -> int:
        return int(self.mps.get(name) or 0) if self.mps else 0

    def _of_parameter_sets(self, name: str) -> int | None:
        for prefix, elements in (("lps", self.lps), ("mps", self.mps)):
            value = elements.get(f"{prefix}_{name}") if elements else None
            if value is not None:
                return int(value)
        return None


def syntax_parameters(
    state: StreamState, out_of_band: Mapping[str, OutOfBand] | None, limits: Limits
) -> dict[str, Any]:
    """`stream` of the syntax's expressions: earlier units, the caller's values and the limits."""
    return state.parameters | {
        "out_of_band": out_of_band or {},
        "max_dimensions": limits.max_dimensions,
        "max_list_entries": limits.max_list_entries,
        "max_string_bytes": limits.max_string_bytes,
        "max_tensor_elements": limits.max_tensor_elements,
    }
