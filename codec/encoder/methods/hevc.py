"""Clause 15.2.2: pictures coded by x265 through PyAV (extra `video`)."""

import re
from fractions import Fraction
from importlib import import_module
from typing import Any, Final

import numpy as np

from nnref.codec.decoder.methods.hevc import PictureFormat, Samples
from nnref.spec.errors import refusal

_START: Final = re.compile(b"\0*\0\0\x01")
"""Between NAL units."""
_PPS_NUT: Final = 34
"""nal_unit_type of picture parameters."""
_REPRODUCIBLE: Final = "pools=none:frame-threads=1:wpp=0:info=0:log-level=none"
"""One thread, and no text of the encoder: the same bytes on every run."""
_SEQUENCE: Final = "keyint=-1:bframes=0:b-adapt=0:scenecut=0:ref=1:rc-lookahead=1:weightp=0"
"""An intra picture, then pictures that refer to the one before."""
_PLAIN: Final = "ipratio=1:sao=0:deblock=0:psy-rd=0:psy-rdoq=0:tskip=1:rd=6"
"""The QP that is asked for, the least squared error for the bits, no filters."""


def encode_pictures(pictures: Samples, expected: PictureFormat, qp: int | None) -> bytes:
    """The byte stream of luma pictures [count, height, width]; without a qp nothing is lost.

    Raises FileError extra-missing without PyAV.
    """
    return b"".join(_access_units(pictures, expected, qp))


def encode_continuation(before: Samples, pictures: Samples, expected: PictureFormat) -> bytes:
    """Clause 15.2.4: what continues a byte stream whose pictures `before` are, without loss.

    The pictures are predicted from the last one of `before`. The parameters of pictures come with
    them, as those of the stream may be others. Raises FileError extra-missing without PyAV.
    """
    units = _access_units(np.concatenate([before, pictures]), expected, None)
    (parameters,) = (nal for nal in _START.split(units[0]) if nal and nal[0] >> 1 == _PPS_NUT)
    return b"".join([b"\0\0\0\1", parameters, *units[len(before) :]])


def _access_units(pictures: Samples, expected: PictureFormat, qp: int | None) -> list[bytes]:
    """The bytes of each picture; parameters of all are before the first."""
    av = _av()
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height = expected.width, expected.height
    context.pix_fmt = expected.name
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    quality = "lossless=1" if qp is None else f"qp={qp}"
    parameters = f"{_REPRODUCIBLE}:{_SEQUENCE}:{_PLAIN}:{quality}"
    context.options = {"preset": "medium", "x265-params": parameters}
    packets: list[Any] = []
    for number, picture in enumerate(pictures):
        frame = _frame(av, picture, expected)
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return [bytes(packet) for packet in packets]


def _frame(av: Any, picture: Samples, expected: PictureFormat) -> Any:
    """A picture as FFmpeg has it; its chroma is grey."""
    frame = av.VideoFrame(expected.width, expected.height, expected.name)
    for number, plane in enumerate(frame.planes):
        lines = np.zeros((plane.height, plane.line_size), np.uint8).view(expected.dtype)
        lines[:, : plane.width] = 1 << (expected.bit_depth - 1) if number else picture
        plane.update(lines)
    return frame


def _av() -> Any:
    try:
        return import_module("av")
    except ImportError:
        detail = "video-coded weights need PyAV: pip install 'nnref[video]'"
        raise refusal("extra-missing", detail) from None
