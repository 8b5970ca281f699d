"""Clauses 6.7, 6.8 and 6.13: topology, quantization and aggregate units."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.descriptors import BS, ST, UE, Alignment, U
from nnref.spec.syntax.elements import Element, Structure, given
from nnref.spec.tables.enums import TopologyStorageFormat

_storage = this.topology_storage_format
_reference_list = _storage == int(TopologyStorageFormat.NNR_TPL_REFLIST)
_pruning = _storage == int(TopologyStorageFormat.NNR_TPL_PRUN)

TOPOLOGY_HEADER: Final = Structure(
    "nnr_topology_unit_header()",
    "6.7",
    Element(
        "topology_storage_format",
        U(8, values=(range(7), range(128, 256)), rule="topology-format-reserved"),
        "7.6",
    ),
    Element("topology_compression_format", U(8), "7.6"),
)

TOPOLOGY: Final = Structure(
    "nnr_topology_unit_payload()",
    "6.7",
    *given(
        _reference_list,
        Element("count_topology_elements_minus2", UE(7), "7.6"),
        Element("byte_alignment()", Alignment(), "5.8"),
        Element(
            "topology_elem_id_list", ST(), "7.6", count=this.count_topology_elements_minus2 + 2
        ),
    ),
    Element("topology_data", BS(), "7.6", when=~(_reference_list | _pruning)),
)
"""A pruning container (NNR_TPL_PRUN) is opaque: the rest of the unit is its payload."""

QUANTIZATION_HEADER: Final = Structure(
    "nnr_quantization_unit_header()",
    "6.8",
    Element("quantization_storage_format", U(8), "7.7"),
    Element("quantization_compression_format", U(8), "7.7"),
)

QUANTIZATION: Final = Structure(
    "nnr_quantization_unit_payload()",
    "6.8",
    Element("quantization_data", BS(), "7.7"),
)

has_pruning_container: Final = _pruning
