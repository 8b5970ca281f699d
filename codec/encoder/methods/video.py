"""Clause 15.2: a weight as pictures of ISO/IEC 23008-2."""

from math import isqrt, prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.methods.hevc import PictureFormat, Samples, decode_pictures
from nnref.codec.decoder.methods.video import Packing, from_samples, tools
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.codec.encoder.methods.hevc import encode_pictures
from nnref.codec.encoder.settings import EncodeSettings
from nnref.spec.syntax import write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType, Method
from nnref.spec.tables.private_units import METHOD_UNIT
from nnref.spec.tables.video import BIT_DEPTHS, LARGEST_EDGE, LEAST_EDGE

Float32 = NDArray[np.float32]

_LARGEST_PICTURE: Final = 1 << 24
"""Samples: a picture that most encoders and decoders have memory for."""


def encode(task: MethodTask) -> MethodCoded | None:
    """The unit with the weight as pictures; None for layers that are not to be coded so.

    Raises FileError extra-missing without PyAV.
    """
    settings, shape = task.weight.settings, task.weight.coded.shape
    if settings.video_layers == "fc" and layer_type_of(shape) != LayerType.FULLY_CONNECTED:
        return None
    matrix = np.ascontiguousarray(task.weight.coded, np.float32).reshape(shape[0], -1)
    scales = chosen_scales(matrix, settings)
    packing = chosen_packing(shape, settings)
    pictures = packing.packed(to_samples(matrix, scales, settings.video_depth).reshape(-1))
    payload = encode_pictures(pictures, packing.pictures, settings.video_qp)
    header = _header(packing, scales, settings)
    fields = common_elements(task, Method.VIDEO) | {"video_header": header}
    data = write_unit(METHOD_UNIT, fields, payload, task.state)
    decoded = decode_pictures(payload, packing.pictures, len(pictures))
    samples = packing.unpacked(decoded, matrix.size).reshape(matrix.shape)
    values = from_samples(samples, scales, settings.video_depth)
    lossy = [] if settings.video_qp is None else [f"qp{settings.video_qp}"]
    used = (*tools({"video_header": header}), *lossy)
    return MethodCoded(data, values.reshape(shape), None, used)


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


def _header(packing: Packing, scales: Float32, settings: EncodeSettings) -> dict[str, Any]:
    """Clause 15.2.1: the elements of the header."""
    return {
        "video_bit_depth_idc": BIT_DEPTHS.index(settings.video_depth),
        "video_scales_per_row_flag": int(settings.video_scales == "row"),
        "video_chroma_flag": int(settings.video_chroma),
        "video_tile_width_minus1": packing.tile_width - 1,
        "video_tile_height_minus1": packing.tile_height - 1,
        "video_width": packing.pictures.width,
        "video_height": packing.pictures.height,
        "video_scale": scales.tolist(),
    }
