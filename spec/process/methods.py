"""Clause 15: the methods beyond the standard, a module each."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nnref.spec.process.bits import BitReader
from nnref.spec.process.deep_compression import (
    deep_compression_header,
    deep_compression_payload,
)
from nnref.spec.process.hierarchical import hierarchical_header, hierarchical_payload
from nnref.spec.process.lnq import lnq_payload
from nnref.spec.process.lnq_header import lnq_header
from nnref.spec.process.low_rank_kernels import low_rank_header, low_rank_payload
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.payload import Payload
from nnref.spec.process.templates import template_header, template_payload
from nnref.spec.process.video import video_header, video_payload
from nnref.spec.tables.enums import Method


class MethodProcess(NamedTuple):
    """Clause 15: Methods. `header` reads what is declared for the method up to
    byte_alignment(), `payload` the bytes behind it, with what `header` returned.
    """

    header: Callable[[BitReader, MethodUnit], Any]
    payload: Callable[[BitReader, MethodUnit, Any], Payload]


METHODS: dict[int, MethodProcess] = {
    Method.LNQ: MethodProcess(lnq_header, lnq_payload),
    Method.VIDEO: MethodProcess(video_header, video_payload),
    Method.LOW_RANK_KERNELS: MethodProcess(low_rank_header, low_rank_payload),
    Method.HIERARCHICAL: MethodProcess(hierarchical_header, hierarchical_payload),
    Method.TEMPLATES: MethodProcess(template_header, template_payload),
    Method.DEEP_COMPRESSION: MethodProcess(deep_compression_header, deep_compression_payload),
}
"""Clause 15: by method_idc."""


def method_payload(bits: BitReader, unit: MethodUnit) -> Payload:
    """Clause 15: Methods. The rest of a unit, from the header of its method on."""
    method = METHODS[unit.method_idc]
    header = method.header(bits, unit)
    bits.byte_alignment()
    return method.payload(bits, unit, header)
