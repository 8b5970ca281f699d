"""Clause 15.2.2: pictures of ISO/IEC 23008-2 with PyAV (extra `video`), which brings FFmpeg."""

from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal

Samples = NDArray[np.unsignedinteger[Any]]

_ERRORS: Final = "crccheck+bitstream+buffer+explode"
"""What FFmpeg is told to refuse, where it would otherwise guess."""
_MARGIN: Final = 64
"""Samples by which FFmpeg may pad a picture to whole coding blocks, in each direction."""


class PictureFormat(NamedTuple):
    """Clause 15.2.2: samples of a line, lines, bits of a sample, 4:2:0 or luma alone."""

    width: int
    height: int
    bit_depth: int
    chroma: bool = False

    @property
    def name(self) -> str:
        """FFmpeg's name of such pictures."""
        planes = "yuv420p" if self.chroma else "gray"
        return planes if self.bit_depth == 8 else f"{planes}{self.bit_depth}le"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of a sample, little-endian."""
        return np.dtype("<u1" if self.bit_depth == 8 else "<u2")

    def __str__(self) -> str:
        return f"{self.width} x {self.height}, {self.name}"


def decode_pictures(payload: bytes, expected: PictureFormat, count: int) -> Samples:
    """Clause 15.2.2: the luma samples of all pictures, [count, height, width].

    Raises UnsupportedError video-decoder-missing, MalformedError video-undecodable, InvalidError
    video-picture.
    """
    av = _av()
    context = av.CodecContext.create("hevc", "r")
    context.thread_count = 1
    most = (expected.width + _MARGIN) * (expected.height + _MARGIN)
    context.options = {"max_pixels": str(most), "err_detect": _ERRORS}
    pictures: list[Samples] = []
    try:
        for packet in [*context.parse(payload), *context.parse(b""), None]:
            for frame in context.decode(packet):
                pictures.append(_luma(frame, expected))
                if len(pictures) > count:
                    raise refusal("video-picture", f"more than {count} pictures")
    except av.FFmpegError as error:
        raise refusal("video-undecodable", str(error)) from None
    if len(pictures) < count:
        raise refusal("video-picture", f"{len(pictures)} pictures, not {count}")
    shape = (count, expected.height, expected.width)
    return np.stack(pictures) if pictures else np.empty(shape, expected.dtype)


def _luma(frame: Any, expected: PictureFormat) -> Samples:
    """The luma samples of a picture, [height, width], in memory of their own."""
    name = frame.format.name.replace("yuvj", "yuv")
    if (frame.width, frame.height, name) != (expected.width, expected.height, expected.name):
        raise refusal("video-picture", f"{frame.width} x {frame.height}, {name}; not {expected}")
    plane = frame.planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: expected.height]
    samples: Samples = lines.view(expected.dtype)[:, : expected.width].copy()
    return samples


def _av() -> Any:
    try:
        return import_module("av")
    except ImportError:
        raise refusal("video-decoder-missing") from None
