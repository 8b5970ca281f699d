"""Clause 15.4: the fixed-point formats that a hierarchical header has."""

from collections.abc import Mapping
from typing import Any

from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.spec.tables.enums import HierarchicalMode


def weight_format(header: Mapping[str, Any]) -> FixedPoint | None:
    """Clause 15.4.1: that of the weights; None where they are no fixed-point numbers."""
    if header["hier_mode"] == HierarchicalMode.SHARED_FLOAT:
        return None
    return FixedPoint(header["hier_width_minus1"] + 1, header["hier_fraction_length"])


def output_format(header: Mapping[str, Any]) -> FixedPoint | None:
    """Clause 15.4.4: that of the layer's outputs, if the header has one."""
    if not header["hier_output_flag"]:
        return None
    return FixedPoint(header["hier_output_width_minus1"] + 1, header["hier_output_fraction_length"])
