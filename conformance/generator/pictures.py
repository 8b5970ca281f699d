"""Clause 15.2: the byte streams of the suite's pictures, which are data: encoders change.

`python -m nnref.conformance.generator.pictures` makes `pictures.json` anew with x265 (extra
`video`), which then may have other bytes and gives the same pictures, but for those with a QP.
"""

import json
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

FILE: Final = Path(__file__).with_suffix(".json")
_SLICE_OF_P: Final = re.compile(b"\\0?\0\0\x01\x02\x01")
"""Start code and header of a NAL unit of type TRAIL_R."""
_USUAL: Final = "pools=none:frame-threads=1:wpp=0:info=0:log-level=none:keyint=-1:scenecut=0"


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures by a formula: the middle of the range and `amplitude` times a pattern."""

    width: int
    height: int
    bit_depth: int = 8
    count: int = 1
    amplitude: int = 1
    chroma: bool = False
    """Chroma samples that are not all the same, and mean nothing."""
    options: str = "lossless=1"

    def luma(self) -> NDArray[np.int64]:
        """Samples [count, height, width]."""
        n, y, x = np.indices((self.count, self.height, self.width))
        pattern = (3 * x + 5 * y + 7 * n * (x + y)) % 17 - 8
        largest = (1 << self.bit_depth) - 1
        samples: NDArray[np.int64] = (largest + 1) // 2 + self.amplitude * pattern
        return samples.clip(0, largest)

    def chroma_planes(self) -> list[NDArray[np.int64]]:
        """Two planes of samples that are not all the same, if there is chroma."""
        size = (self.height // 2, self.width // 2)
        return [np.add(*np.indices(size)) % 5 + i for i in (90, 150)] if self.chroma else []

    @property
    def format(self) -> str:
        """FFmpeg's name of the samples."""
        planes = "yuv420p" if self.chroma else "gray"
        return planes if self.bit_depth == 8 else f"{planes}{self.bit_depth}le"


PICTURES: Final = {
    "square": Pictures(16, 16),
    "odd": Pictures(18, 35, amplitude=3),
    "extreme": Pictures(16, 16, amplitude=20),
    "two": Pictures(16, 16, 10, count=2, amplitude=9),
    "twelve": Pictures(48, 16, 12, amplitude=200),
    "flat": Pictures(8192, 16, amplitude=0),
    "high": Pictures(16, 8192, 10, amplitude=0),
    "three": Pictures(16, 16, count=3, amplitude=4),
    "lossy": Pictures(24, 24, amplitude=12, options="qp=30"),
    "colour": Pictures(16, 18, chroma=True, amplitude=2),
    "colour-10": Pictures(18, 16, 10, chroma=True, amplitude=2),
    "colour-12": Pictures(16, 16, 12, chroma=True, amplitude=2),
    "reordered": Pictures(16, 16, count=5, options="lossless=1:bframes=3:b-adapt=0"),
}


@cache
def payloads() -> dict[str, bytes]:
    """The byte streams by name."""
    texts = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: b64decode(text) for name, text in texts.items()}


def continued(name: str) -> list[bytes]:
    """Clause 15.2.4: a byte stream cut before every picture but the first."""
    stream = payloads()[name]
    first, *others = _SLICE_OF_P.split(stream)
    starts = _SLICE_OF_P.findall(stream)
    return [first, *(start + rest for start, rest in zip(starts, others, strict=True))]


def made(pictures: Pictures) -> bytes:
    """The byte stream of pictures as x265 makes it today."""
    av = import_module("av")
    context = av.CodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt = (
        pictures.width,
        pictures.height,
        pictures.format,
    )
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    order = "" if "bframes" in pictures.options else ":bframes=0"
    context.options = {"x265-params": f"{_USUAL}{order}:{pictures.options}"}
    packets: list[Any] = []
    for number, luma in enumerate(pictures.luma()):
        frame = av.VideoFrame(pictures.width, pictures.height, pictures.format)
        for plane, samples in zip(frame.planes, (luma, *pictures.chroma_planes()), strict=True):
            dtype = np.uint8 if pictures.bit_depth == 8 else np.uint16
            lines = np.zeros((plane.height, plane.line_size), np.uint8).view(dtype)
            lines[:, : plane.width] = samples
            plane.update(lines)
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def main() -> None:
    """Write the file."""
    texts = {name: b64encode(made(one)).decode() for name, one in PICTURES.items()}
    FILE.write_text(json.dumps(texts, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
