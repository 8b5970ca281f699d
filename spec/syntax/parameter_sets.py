"""Clauses 6.3, 6.4 and 6.6: start unit, model parameter set, layer parameter set."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.descriptors import FLT, ST, Alignment, I, U
from nnref.spec.syntax.elements import Element, Structure, given
from nnref.spec.syntax.expressions import stream
from nnref.spec.syntax.performance_maps import (
    DECOMPOSITION,
    PRUNING,
    SPARSIFICATION,
    UNIFICATION,
)

_edition_2 = stream.general_profile_idc == 1


def _flag(name: str, clause: str) -> Element:
    """A flag that announces something optional: 0 unless asked for."""
    return Element(name, U(1, default=0), clause)


def _reserved(name: str, bits: int) -> Element:
    return Element(name, U(bits, values=range(1), rule="reserved-bits-nonzero"), "13.2")


START_UNIT_HEADER: Final = Structure(
    "nnr_start_unit_header()",
    "6.3",
    Element("general_profile_idc", U(8, values=range(2), rule="profile-reserved"), "7.2"),
)

MODEL_PARAMETER_SET: Final = Structure(
    "nnr_model_parameter_set_unit_payload()",
    "6.4",
    _flag("topology_carriage_flag", "7.3.1"),
    _flag("mps_sparsification_flag", "7.3.1"),
    _flag("mps_pruning_flag", "7.3.1"),
    _flag("mps_unification_flag", "7.3.1"),
    _flag("mps_decomposition_performance_map_flag", "7.3.1"),
    Element("mps_quantization_method_flags", U(3), "7.3.2"),
    _flag("mps_topology_indexed_reference_flag", "7.8.2"),
    *given(
        stream.general_profile_idc != 1,
        _reserved("nnr_reserved_zero_7bits", 7),
    ),
    *given(
        _edition_2,
        _flag("base_model_id_present_flag", "7.3.3"),
        _flag("validation_set_performance_present_flag", "7.3.3"),
        _flag("metric_type_performance_map_valid_flag", "7.3.3"),
    ),
    Element(
        "mps_parent_signalling_enabled_flag",
        U(1, default=0),
        "7.3.3",
        when=_edition_2,
        absent=0,
    ),
    *given(
        _edition_2 & (this.mps_parent_signalling_enabled_flag == 1),
        _flag("nnr_pre_flag", "7.3.3"),
    ),
    *given(
        _edition_2 & (this.mps_parent_signalling_enabled_flag == 0),
        _reserved("nnr_reserved_zero_1bit", 1),
    ),
    *given(_edition_2, _reserved("nnr_reserved_zero_2bits", 2)),
    Element("base_model_id", ST(), "7.3.3", when=this.base_model_id_present_flag == 1),
    Element(
        "performance_metric_type",
        ST(),
        "7.3.3",
        when=(this.validation_set_performance_present_flag == 1)
        | (this.metric_type_performance_map_valid_flag == 1),
    ),
    *given(
        this.mps_quantization_method_flags & 3 != 0,
        Element("mps_qp_density", U(3), "7.3.2"),
        Element("mps_quantization_parameter", I(13), "7.3.2"),
    ),
    Element(
        "sparsification_performance_map",
        SPARSIFICATION,
        "7.4",
        when=this.mps_sparsification_flag == 1,
    ),
    Element("pruning_performance_map", PRUNING, "7.4", when=this.mps_pruning_flag == 1),
    Element("unification_performance_map", UNIFICATION, "7.4", when=this.mps_unification_flag == 1),
    Element(
        "decomposition_performance_map",
        DECOMPOSITION,
        "7.4",
        when=this.mps_decomposition_performance_map_flag == 1,
    ),
    Element(
        "validation_set_performance",
        FLT(),
        "7.3.3",
        when=this.validation_set_performance_present_flag == 1,
    ),
    Element("byte_alignment()", Alignment(), "5.8"),
)

LAYER_PARAMETER_SET_HEADER: Final = Structure(
    "nnr_layer_parameter_set_unit_header()",
    "6.6",
    _flag("lps_self_contained_flag", "7.5"),
    _reserved("nnr_reserved_zero_7bits", 7),
)

LAYER_PARAMETER_SET: Final = Structure(
    "nnr_layer_parameter_set_unit_payload()",
    "6.6",
    _reserved("nnr_reserved_zero_1_bits", 1),
    _flag("lps_sparsification_flag", "7.5"),
    _flag("lps_pruning_flag", "7.5"),
    _flag("lps_unification_flag", "7.5"),
    Element("lps_quantization_method_flags", U(3), "7.5"),
    _reserved("nnr_reserved_zero_1bit", 1),
    *given(
        this.lps_quantization_method_flags & 3 != 0,
        Element("lps_qp_density", U(3), "7.5"),
        Element("lps_quantization_parameter", I(13), "7.5"),
    ),
    Element(
        "sparsification_performance_map",
        SPARSIFICATION,
        "7.4",
        when=this.lps_sparsification_flag == 1,
    ),
    Element("pruning_performance_map", PRUNING, "7.4", when=this.lps_pruning_flag == 1),
    Element("unification_performance_map", UNIFICATION, "7.4", when=this.lps_unification_flag == 1),
    Element("byte_alignment()", Alignment(), "5.8"),
)
