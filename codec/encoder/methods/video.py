"""Clause 15.2: a weight as pictures of ISO/IEC 23008-2, coded by x265 through PyAV."""

from fractions import Fraction
from importlib import import_module
from math import isqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.methods.hevc import PictureFormat, Samples, decode_pictures
from nnref.codec.decoder.methods.video import from_samples, tools
from nnref.codec.encoder.methods import MethodCoded, MethodTask, common_elements
from nnref.spec.errors import refusal
from nnref.spec.syntax import write_unit
from nnref.spec.syntax.methods import layer_type_of
from nnref.spec.tables.enums import LayerType, Method
from nnref.spec.tables.private_units import METHOD_UNIT
from nnref.spec.tables.video import BIT_DEPTHS, LEAST_EDGE

Float32 = NDArray[np.float32]

_LARGEST_WIDTH: Final = 4096
_LARGEST_HEIGHT: Final = 1024
_PARAMETERS: Final = (
    "pools=none:frame-threads=1:wpp=0:info=0:keyint=1:bframes=0:scenecut=0:log-level=none"
)
"""One thread and no text of the encoder: the same bytes on every run. Every picture for itself."""


def encode(task: MethodTask) -> MethodCoded | None:
    """The unit with the weight as pictures; None for layers that are not to be coded so.

    Raises FileError extra-missing without PyAV.
    """
    settings, shape = task.weight.settings, task.weight.coded.shape
    if settings.video_layers == "fc" and layer_type_of(shape) != LayerType.FULLY_CONNECTED:
        return None
    matrix = np.ascontiguousarray(task.weight.coded, np.float32).reshape(shape[0], -1)
    per_row = settings.video_scales == "row"
    scales = _scales(matrix, settings.video_depth, per_row=per_row)
    samples = _samples(matrix, scales, settings.video_depth)
    expected = _geometry(matrix.shape, settings.video_depth)
    pictures = _pictures(samples, expected)
    payload = encode_pictures(pictures, expected, settings.video_qp)
    decoded = decode_pictures(payload, expected, len(pictures)).reshape(-1)[: matrix.size]
    header = {
        "video_bit_depth_idc": BIT_DEPTHS.index(settings.video_depth),
        "video_scales_per_row_flag": int(per_row),
        "video_width": expected.width,
        "video_height": expected.height,
        "video_scale": scales.tolist(),
    }
    fields = common_elements(task, Method.VIDEO) | {"video_header": header}
    data = write_unit(METHOD_UNIT, fields, payload, task.state)
    values = from_samples(decoded.reshape(matrix.shape), scales, settings.video_depth)
    lossy = [] if settings.video_qp is None else [f"qp{settings.video_qp}"]
    return MethodCoded(
        data, values.reshape(shape), None, (*tools({"video_header": header}), *lossy)
    )


def encode_pictures(pictures: Samples, expected: PictureFormat, qp: int | None) -> bytes:
    """The byte stream of pictures [count, height, width]; without a qp nothing is lost.

    Raises FileError extra-missing without PyAV.
    """
    av = _av()
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height = expected.width, expected.height
    context.pix_fmt = expected.name
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    quality = "lossless=1" if qp is None else f"qp={qp}"
    context.options = {"preset": "medium", "x265-params": f"{_PARAMETERS}:{quality}"}
    packets: list[Any] = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=expected.name)
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def _scales(matrix: Float32, depth: int, *, per_row: bool) -> Float32:
    """The largest magnitude becomes the largest integer; 1 where all are 0."""
    magnitudes = np.abs(matrix)
    largest = magnitudes.max(axis=1) if per_row else magnitudes.max(keepdims=True).reshape(1)
    scales = largest.astype(np.float64) / ((1 << (depth - 1)) - 1)
    rounded: Float32 = scales.astype(np.float32)
    return np.where(rounded > 0, rounded, np.float32(1))


def _samples(matrix: Float32, scales: Float32, depth: int) -> Samples:
    middle = 1 << (depth - 1)
    integers = np.rint(matrix.astype(np.float64) / scales.astype(np.float64)[:, None])
    samples = np.clip(integers, 1 - middle, middle - 1) + middle
    return samples.astype(np.uint8) if depth == 8 else samples.astype(np.uint16)


def _geometry(shape: tuple[int, ...], depth: int) -> PictureFormat:
    """A line for each row where that is not too short or too long, else pictures like squares."""
    rows, columns = shape
    width = columns
    if not LEAST_EDGE <= columns <= _LARGEST_WIDTH:
        width = min(max(LEAST_EDGE, 1 << isqrt(rows * columns).bit_length()), _LARGEST_HEIGHT)
    height = min(max(LEAST_EDGE, -(-rows * columns // width)), _LARGEST_HEIGHT)
    return PictureFormat(width, height, depth)


def _pictures(samples: Samples, expected: PictureFormat) -> Samples:
    """The samples and, behind them, as many middles as the last picture has room for."""
    size = expected.width * expected.height
    count = -(-samples.size // size)
    filled: Samples = np.full(count * size, 1 << (expected.bit_depth - 1), samples.dtype)
    filled[: samples.size] = samples.reshape(-1)
    return filled.reshape(count, expected.height, expected.width)


def _av() -> Any:
    try:
        return import_module("av")
    except ImportError:
        detail = "video-coded weights need PyAV: pip install 'nnref[video]'"
        raise refusal("extra-missing", detail) from None
