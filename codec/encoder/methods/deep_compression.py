"""Clause 15.6: a weight as shared values and Huffman codes, with or without pruning."""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.methods.deep_compression import tools
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.codec.entropy.huffman import code_lengths, encode_words
from nnref.codec.quantization.shared import nearest_value, shared_values
from nnref.spec.syntax import write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.deep_compression import MAX_GAP_BITS
from nnref.spec.tables.enums import LayerType, Method
from nnref.spec.tables.private_units import METHOD_UNIT

Integers = NDArray[np.int64]

_PUBLISHED_BITS: Final = {LayerType.CONVOLUTION: 8, LayerType.POINT_OR_DEPTH_WISE: 8}
_OTHER_BITS: Final = 5
"""Bits of an index in the paper: of convolutions, and of fully connected layers."""


class _Entries(NamedTuple):
    """Clause 15.6.3: the entries of a weight for one size of gaps, and their codes."""

    gap_bits: int
    gaps: Integers
    indices: Integers
    gap_lengths: list[int]
    """None where there are no gaps."""
    index_lengths: list[int]

    @property
    def bits(self) -> int:
        """Of the words, and of the lengths that differ from size to size of gaps."""
        words = np.sum(np.array(self.index_lengths)[self.indices])
        if self.gap_lengths:
            words += np.sum(np.array(self.gap_lengths)[self.gaps]) + 4 * len(self.gap_lengths)
        return int(words)

    def payload(self) -> bytes:
        """The words of all entries."""
        if not self.gap_lengths:
            return encode_words([self.indices], [self.index_lengths])
        return encode_words([self.gaps, self.indices], [self.gap_lengths, self.index_lengths])


def encode(task: MethodTask) -> MethodCoded:
    """The unit with as many shared values as the settings ask for, and the best size of gaps."""
    weight = np.ascontiguousarray(task.weight.coded, np.float32)
    is_kept = weight.reshape(-1) != 0
    bits = task.weight.settings.shared_bits
    if bits is None:
        bits = _PUBLISHED_BITS.get(layer_type_of(weight.shape), _OTHER_BITS)
    centroids = shared_values(weight.reshape(-1)[is_kept], (1 << bits) - 1)
    indices = np.where(is_kept, 1 + nearest_value(weight, centroids), 0)
    sizes = range(MAX_GAP_BITS + 1)
    best = min((_entries(indices, bits, centroids.size) for bits in sizes), key=lambda e: e.bits)
    header: dict[str, Any] = {
        "deep_gap_bits": best.gap_bits,
        "deep_centroid_count": centroids.size,
        "deep_centroid": centroids.tolist(),
        "deep_index_length": best.index_lengths,
        "deep_gap_length": best.gap_lengths,
    }
    own = {"deep_compression_header": header}
    fields = common_elements(task, Method.DEEP_COMPRESSION) | own
    data = write_unit(METHOD_UNIT, fields, best.payload(), task.state)
    decoded = np.concatenate(([np.float32(0)], centroids))[indices].reshape(weight.shape)
    return MethodCoded(data, decoded, None, tools(own))


def _entries(of_weights: Integers, gap_bits: int, centroids: int) -> _Entries:
    """Clause 15.6.3: gaps and indices that end with the last weight."""
    reach = 1 << gap_bits
    places = np.flatnonzero(of_weights)
    before = np.diff(places, prepend=-1) - 1
    entries = np.cumsum(before // reach + 1)
    left = of_weights.size - (int(places[-1]) + 1 if places.size else 0)
    count = (int(entries[-1]) if entries.size else 0) + -(-left // reach)
    gaps, indices = np.full(count, reach - 1), np.zeros(count, np.int64)
    gaps[entries - 1], indices[entries - 1] = before % reach, of_weights[places]
    if left % reach:
        gaps[-1] = left % reach - 1
    gap_lengths = code_lengths(np.bincount(gaps, minlength=reach).tolist()) if gap_bits else []
    index_lengths = code_lengths(np.bincount(indices, minlength=centroids + 1).tolist())
    return _Entries(gap_bits, gaps, indices, gap_lengths, index_lengths)
