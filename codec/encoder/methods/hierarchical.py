"""Clause 15.4: a weight as few shared values, as fixed-point numbers, or both."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.members import Member
from nnref.codec.decoder.methods.hierarchical import hierarchical_syntax, tools
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.codec.encoder.rate_distortion import unary_length_of
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.codec.quantization.shared import Float32, nearest_value, shared_values
from nnref.spec.syntax import write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import HierarchicalMode, LayerType, Method
from nnref.spec.tables.private_units import METHOD_UNIT

Integers = NDArray[np.int32]

PUBLISHED_INDEX_BITS: Final = range(4, 9)
"""Bits of an index in the paper, layer by layer."""
_PUBLISHED_WIDTH: Final = {LayerType.FULLY_CONNECTED: 6}
_OTHER_WIDTH: Final = 10
"""Bits of a fixed-point number in the paper: of fully connected layers, and of convolutions."""
_LENGTHS: Final = (1, 2, 4, 11, 31, 101, 256)
"""Unary lengths that are tried for the centroids."""


@dataclass(frozen=True, slots=True)
class _Staged:
    """Clause 15.4.2: what the stages make of a weight."""

    number: FixedPoint | None
    """None: binary32."""
    entries: NDArray[Any] | None
    """The centroids in increasing order, integers if there is a `number`; None without them."""
    levels: Integers
    """In the weight's dimensions."""
    zero_index: int = 0

    @property
    def mode(self) -> HierarchicalMode:
        """Clause 15.4.1."""
        if self.entries is None:
            return HierarchicalMode.FIXED_POINT
        if self.number is None:
            return HierarchicalMode.SHARED_FLOAT
        return HierarchicalMode.SHARED_FIXED_POINT

    @property
    def decoded(self) -> Float32:
        """What a decoder finds."""
        if self.entries is None:
            assert self.number is not None
            return self.number.values(self.levels)
        values = self.entries if self.number is None else self.number.values(self.entries)
        shared: Float32 = values[self.levels + self.zero_index]
        return shared


def encode(task: MethodTask) -> MethodCoded | None:
    """The unit of the stages that are asked for; None without any: a pruned tensor is one like any
    other.
    """
    settings = task.weight.settings
    weight = np.ascontiguousarray(task.weight.coded, np.float32)
    if settings.grouping:
        staged = _grouped(weight, task)
    elif settings.fixed_point:
        number = FixedPoint.of_least_error(weight, _width(task, weight))
        staged = _Staged(number, None, number.integers(weight))
    else:
        return None
    return _written(task, staged)


def _width(task: MethodTask, weight: Float32) -> int:
    width = task.weight.settings.fixed_point_bits
    if width is not None:
        return width
    return _PUBLISHED_WIDTH.get(layer_type_of(weight.shape), _OTHER_WIDTH)


def _grouped(weight: Float32, task: MethodTask) -> _Staged:
    """With shared values: as many as are asked for, or as the quality needs."""
    bits = task.weight.settings.shared_bits
    if bits is not None:
        return _with_values(weight, bits, task)
    allowed = task.squared_error(task.decoded)
    for bits in PUBLISHED_INDEX_BITS:
        found = _with_values(weight, bits, task)
        if task.squared_error(found.decoded) <= allowed:
            break
    return found


def _with_values(weight: Float32, bits: int, task: MethodTask) -> _Staged:
    """At most 2^bits values; one of them is 0 if a weight is."""
    flat = weight.reshape(-1)
    kept = flat[flat != 0]
    has_zeros = kept.size < flat.size
    values = shared_values(kept, (1 << bits) - has_zeros)
    if has_zeros:
        values = np.unique(np.append(values, np.float32(0)))
    indices = nearest_value(flat, values)
    if not task.weight.settings.fixed_point:
        return _staged(None, values, indices, weight.shape)
    counts = np.bincount(indices, minlength=values.size)
    number = FixedPoint.of_least_error(values, _width(task, weight), counts)
    integers, merged = np.unique(number.integers(values), return_inverse=True)
    return _staged(number, integers, merged[indices], weight.shape)


def _staged(
    number: FixedPoint | None,
    entries: NDArray[Any],
    indices: NDArray[Any],
    shape: tuple[int, ...],
) -> _Staged:
    """Levels are counted from the entry nearest to 0, which pruned weights have."""
    zero_index = int(np.argmin(np.abs(entries)))
    levels = (indices - zero_index).astype(np.int32).reshape(shape)
    return _Staged(number, entries, levels, zero_index)


def _written(task: MethodTask, staged: _Staged) -> MethodCoded:
    """The unit that says so, with or without skipped rows."""
    header, distances = _header(task, staged)
    member = Member(task.weight.name, "weight", staged.levels.shape)
    syntax = hierarchical_syntax(header, member)
    levels, search = staged.levels.reshape(-1), task.weight.settings.shift_search

    def payload(row_skip: bool) -> bytes:
        encoder = PayloadEncoder()
        if syntax.centroids is not None and distances is not None:
            encoder.encode_tensor(distances, syntax.centroids, shift_search=search)
        encoder.encode_tensor(levels, syntax.weights, shift_search=search, row_skip=row_skip)
        return encoder.finish()

    payloads = [payload(skip) for skip in _row_skips(task, staged)]
    own = {"hierarchical_header": header}
    fields = common_elements(task, Method.HIERARCHICAL) | own
    data = write_unit(METHOD_UNIT, fields, min(payloads, key=len), task.state)
    return MethodCoded(data, staged.decoded, None, tools(own))


def _row_skips(task: MethodTask, staged: _Staged) -> tuple[bool, ...]:
    """The values of row_skip_enabled_flag to try."""
    asked = task.weight.settings.row_skip
    if asked is not None:
        return (asked,)
    rows = staged.levels.reshape(len(staged.levels), -1)
    return (False,) if rows.any(axis=1).all() else (False, True)


def _header(task: MethodTask, staged: _Staged) -> tuple[dict[str, Any], Integers | None]:
    """Clause 15.4.1, and what the codeword has of fixed-point centroids (clause 15.4.2)."""
    settings, name = task.weight.settings, task.weight.name
    header: dict[str, Any] = {
        "hier_mode": int(staged.mode),
        "cabac_unary_length_minus1": unary_length_of(staged.levels, settings, task.state, 0) - 1,
        "hier_output_flag": int(name in settings.output_formats),
    }
    for of, number in (("", staged.number), ("output_", settings.output_formats.get(name))):
        if number is not None:
            header[f"hier_{of}width_minus1"] = number.width - 1
            header[f"hier_{of}fraction_length"] = number.fraction_length
    if staged.entries is None:
        return header, None
    header["hier_centroid_count_minus1"] = staged.entries.size - 1
    header["hier_zero_index"] = staged.zero_index
    if staged.number is None:
        header["hier_centroid"] = staged.entries.tolist()
        return header, None
    distances = np.diff(staged.entries, prepend=np.int32(staged.number.least - 1)) - 1
    lengths = {length: _centroid_bytes(distances, staged.number, length) for length in _LENGTHS}
    header["hier_centroid_unary_length_minus1"] = min(_LENGTHS, key=lengths.__getitem__) - 1
    return header, distances


def _centroid_bytes(distances: Integers, number: FixedPoint, unary_length: int) -> int:
    """Of a codeword with the centroids alone."""
    encoder = PayloadEncoder()
    syntax = TensorSyntax(1, distances.size, unary_length, codebook_size=-2 * number.least)
    encoder.encode_tensor(distances, syntax)
    return len(encoder.finish())
