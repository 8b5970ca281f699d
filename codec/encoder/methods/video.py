"""Clause 15.2: a weight as pictures of ISO/IEC 23008-2."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt, prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.methods.hevc import PictureFormat, Samples, decode_pictures
from nnref.codec.decoder.methods.video import Packing, from_samples, tools
from nnref.codec.decoder.updates import StoredPictures
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.codec.encoder.methods.hevc import encode_continuation, encode_pictures
from nnref.codec.encoder.settings import EncodeSettings
from nnref.spec.errors import NnrError
from nnref.spec.syntax import write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType, Method
from nnref.spec.tables.private_units import METHOD_UNIT
from nnref.spec.tables.video import BIT_DEPTHS, LARGEST_EDGE, LEAST_EDGE

Float32 = NDArray[np.float32]

_LARGEST_PICTURE: Final = 1 << 24
"""Samples: a picture that most encoders and decoders have memory for."""


@dataclass(frozen=True, slots=True)
class Coding:
    """A weight as pictures; `samples` are rows x columns, as a decoder finds them."""

    packing: Packing
    scales: Float32
    samples: Samples
    payload: bytes
    continued: StoredPictures | None = None
    """Clause 15.2.4: the pictures that the payload continues."""

    def header(self) -> dict[str, Any]:
        """Clause 15.2.1: the elements of the header."""
        pictures = self.packing.pictures
        elements: dict[str, Any] = {
            "video_bit_depth_idc": BIT_DEPTHS.index(pictures.bit_depth),
            "video_scales_per_row_flag": int(len(self.scales) > 1),
            "video_chroma_flag": int(pictures.chroma),
            "video_inter_flag": int(self.continued is not None),
            "video_tile_width_minus1": self.packing.tile_width - 1,
            "video_tile_height_minus1": self.packing.tile_height - 1,
            "video_width": pictures.width,
            "video_height": pictures.height,
            "video_scale": self.scales.tolist(),
        }
        if self.continued is not None:
            elements["video_parent_sha256"] = self.continued.sha256
        return elements


def encode(task: MethodTask) -> MethodCoded | None:
    """The unit with the weight as pictures; None for layers that are not to be coded so.

    Of an update they continue those of the base where that takes fewer bytes (clause 15.2.4).
    Raises FileError extra-missing without PyAV.
    """
    settings, shape = task.weight.settings, task.weight.coded.shape
    if settings.video_layers == "fc" and layer_type_of(shape) != LayerType.FULLY_CONNECTED:
        return None
    matrix = np.ascontiguousarray(task.weight.coded, np.float32).reshape(shape[0], -1)
    coding = by_itself(matrix, chosen_packing(shape, settings), settings)
    stored = task.base.pictures.get(task.weight.name)
    if stored is not None:
        others = continuing(matrix, coding.packing, stored, settings)
        coding = min([coding, *others], key=lambda one: len(one.payload))
    header = coding.header()
    fields = common_elements(task, Method.VIDEO) | {"video_header": header}
    data = write_unit(METHOD_UNIT, fields, coding.payload, task.state)
    values = from_samples(coding.samples, coding.scales, settings.video_depth)
    lossy = [] if settings.video_qp is None else [f"qp{settings.video_qp}"]
    used = (*tools({"video_header": header}), *lossy)
    return MethodCoded(data, values.reshape(shape), None, used)


def by_itself(matrix: Float32, packing: Packing, settings: EncodeSettings) -> Coding:
    """A weight in pictures that refer to no others."""
    scales = chosen_scales(matrix, settings)
    pictures = packing.packed(to_samples(matrix, scales, settings.video_depth).reshape(-1))
    payload = encode_pictures(pictures, packing.pictures, settings.video_qp)
    decoded = decode_pictures(payload, packing.pictures, len(pictures))
    samples = packing.unpacked(decoded, matrix.size).reshape(matrix.shape)
    return Coding(packing, scales, samples, payload)


def continuing(
    matrix: Float32, packing: Packing, stored: StoredPictures, settings: EncodeSettings
) -> Iterator[Coding]:
    """Clause 15.2.4: a weight of one picture that is predicted from the last one that is stored.

    It has the scales of that one where they reach. There is none where a decoder would find
    something else: the stream may be that of another encoder.
    """
    own = chosen_scales(matrix, settings)
    old = np.array(stored.header["video_scale"], np.float32)
    same = Packing.of(stored.header) == packing and packing.count(matrix.size) == 1
    if not same or len(old) != len(own):
        return
    scales = np.where(own <= old, old, own)
    before = decode_pictures(stored.payload, packing.pictures, stored.count)
    last = packing.unpacked(before[-1:], packing.capacity)
    wanted = to_samples(matrix, scales, settings.video_depth).reshape(-1)
    samples = last.copy()
    samples[: matrix.size] = nearby(wanted, last[: matrix.size], packing.pictures, settings)
    pictures = packing.packed(samples)
    payload = encode_continuation(before, pictures, packing.pictures)
    try:
        decoded = decode_pictures(stored.payload + payload, packing.pictures, stored.count + 1)
    except NnrError:
        return
    if np.array_equal(decoded[-1:], pictures):
        yield Coding(packing, scales, samples[: matrix.size].reshape(matrix.shape), payload, stored)


def nearby(
    samples: Samples, before: Samples, pictures: PictureFormat, settings: EncodeSettings
) -> Samples:
    """Samples whose differences to those before are whole steps, of the size that a QP has.

    Without a QP they are as they are.
    """
    if settings.video_qp is None:
        return samples
    step = max(1.0, 2.0 ** ((settings.video_qp - 4) / 6)) * (1 << (pictures.bit_depth - 8))
    difference = samples.astype(np.float64) - before
    rounded = np.rint(before + np.rint(difference / step) * step)
    near: Samples = rounded.clip(0, (1 << pictures.bit_depth) - 1).astype(samples.dtype)
    return near


def chosen_scales(matrix: Float32, settings: EncodeSettings) -> Float32:
    """Those with which the largest magnitude is the largest integer; 1 where all are 0."""
    magnitudes = np.abs(matrix)
    per_row = settings.video_scales == "row"
    largest = magnitudes.max(axis=1) if per_row else magnitudes.max(keepdims=True).reshape(1)
    scales = largest.astype(np.float64) / ((1 << (settings.video_depth - 1)) - 1)
    rounded: Float32 = scales.astype(np.float32)
    return np.where(rounded > 0, rounded, np.float32(1))


def to_samples(matrix: Float32, scales: Float32, depth: int) -> Samples:
    """Clause 15.2.3: the samples nearest to weights, symmetric around the middle of their range."""
    middle = 1 << (depth - 1)
    integers = np.rint(matrix.astype(np.float64) / scales.astype(np.float64)[:, None])
    samples = np.clip(integers, 1 - middle, middle - 1) + middle
    return samples.astype(np.uint8) if depth == 8 else samples.astype(np.uint16)


def chosen_packing(shape: tuple[int, ...], settings: EncodeSettings) -> Packing:
    """Pictures and tiles for a weight, by the layout of the settings."""
    weights, columns = prod(shape), prod(shape[1:])
    height, width = _kernel(shape) if settings.video_layout == "kernels" else (1, 1)
    line = columns // height
    if settings.video_layout == "square" or not LEAST_EDGE <= line <= LARGEST_EDGE:
        if max(height, width) > LEAST_EDGE:
            height, width = 1, 1
        line = max(LEAST_EDGE, isqrt(weights - 1) + 1)
        line = min(-(-line // width), LARGEST_EDGE // width) * width
    elif settings.video_layout == "rows":
        width = line
    tiles_of_line = line // width
    lines = -(-weights // (height * width * tiles_of_line)) * height
    most = min(LARGEST_EDGE, _LARGEST_PICTURE // line) // height * height
    return Packing(_format(line, min(lines, most), settings), width, height)


def _kernel(shape: tuple[int, ...]) -> tuple[int, int]:
    """Lines and samples of the tile of a kernel (out, in, height, width); a weight of a matrix."""
    height, width = (1, 1, *shape[2:])[-2:]
    return height, width


def _format(width: int, height: int, settings: EncodeSettings) -> PictureFormat:
    """Pictures in which so many samples have room."""
    step = 2 if settings.video_chroma else 1
    wide, high = (-(-max(edge, LEAST_EDGE) // step) * step for edge in (width, height))
    return PictureFormat(wide, high, settings.video_depth, settings.video_chroma)
