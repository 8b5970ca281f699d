"""Clause 15.6: decoding deep compression."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.entropy.huffman import decode_entries


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.6.3: the tensor of a unit: of every weight the value of its index.

    Raises what `decode_entries` raises.
    """
    member, header = work.member, work.unit.fields["deep_compression_header"]
    payload = work.unit.payload
    lengths = header["deep_index_length"], header["deep_gap_length"]
    indices = decode_entries(payload, *lengths, member.weights)
    centroids = np.array([0.0, *header["deep_centroid"]], np.float32)
    values = centroids[indices].reshape(member.dimensions)
    return CodedUnit([CodedTensor(member, None, None, None, values)], None, len(payload))


def tools(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Short names of what the header has."""
    header = fields["deep_compression_header"]
    return ("deep-compression", f"shared{header['deep_centroid_count']}")


DECODER: Final = MethodDecoder(decode, tools)
