"""Clause 15.6: deep compression: what stands in front of its code words."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.deep_derived import deep_gap_symbols
from nnref.spec.syntax.descriptors import FLT, U
from nnref.spec.syntax.elements import Element, Structure
from nnref.spec.tables.deep_compression import MAX_GAP_BITS

HEADER: Final = "15.6.1"
CODES: Final = "15.6.2"

DEEP_COMPRESSION_HEADER: Final = Structure(
    "deep_compression_header()",
    HEADER,
    Element("deep_gap_bits", U(4, values=range(MAX_GAP_BITS + 1), rule="deep-gap-bits"), HEADER),
    Element("deep_centroid_count", U(10), HEADER),
    Element("deep_centroid", FLT(), HEADER, count=this.deep_centroid_count),
    Element("deep_index_length", U(4), CODES, count=this.deep_centroid_count + 1),
    Element("deep_gap_length", U(4), CODES, count=deep_gap_symbols),
)
