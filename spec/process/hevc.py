"""Clause 15.2.2: the one place where pictures are decoded: ISO/IEC 23008-2, by FFmpeg."""

from typing import Any, NamedTuple

from nnref.spec.process.refused import Refused

CHECKS = "crccheck+bitstream+buffer+explode"
"""What FFmpeg is told to refuse, where it would otherwise guess."""


class PictureFormat(NamedTuple):
    """Clause 15.2.2: Pictures. Samples of a line, lines, bits of a sample, chroma or none."""

    width: int
    height: int
    bit_depth: int
    chroma: int

    @property
    def name(self) -> str:
        """Clause 15.2.2: Pictures. What FFmpeg calls their samples."""
        planes = "yuv420p" if self.chroma == 1 else "gray"
        return planes if self.bit_depth == 8 else f"{planes}{self.bit_depth}le"


def hevc_pictures(payload: bytes, expected: PictureFormat, count: int) -> list[list[int]]:
    """Clause 15.2.2: Pictures. The luma samples of all pictures of a byte stream in output order,
    line by line. Any decoder of ISO/IEC 23008-2 gives the same: its output is exact.
    """
    try:
        import av  # noqa: PLC0415  only streams with pictures need it
    except ImportError:
        raise Refused("video-decoder-missing") from None
    context = av.CodecContext.create("hevc", "r")
    context.thread_count = 1
    most = (expected.width + 64) * (expected.height + 64)
    context.options = {"max_pixels": str(most), "err_detect": CHECKS}
    pictures: list[list[int]] = []
    try:
        for packet in [*context.parse(payload), *context.parse(b""), None]:
            for frame in context.decode(packet):
                pictures.append(luma_samples(frame, expected))
                if len(pictures) > count:
                    raise Refused("video-picture", f"more than {count} pictures")
    except av.FFmpegError as error:
        raise Refused("video-undecodable", str(error)) from None
    if len(pictures) < count:
        raise Refused("video-picture", f"{len(pictures)} pictures, not {count}")
    return pictures


def luma_samples(frame: Any, expected: PictureFormat) -> list[int]:
    """Clause 15.2.2: Pictures. Of one picture; chroma means nothing."""
    found = (frame.width, frame.height, frame.format.name.replace("yuvj", "yuv"))
    if found != (expected.width, expected.height, expected.name):
        wanted = (expected.width, expected.height, expected.name)
        raise Refused("video-picture", f"{found}, not {wanted}")
    plane = frame.planes[0]
    size = 1 if expected.bit_depth == 8 else 2
    data = bytes(plane)
    samples = []
    for line in range(expected.height):
        first = line * plane.line_size
        for position in range(first, first + size * expected.width, size):
            samples.append(int.from_bytes(data[position : position + size], "little"))
    return samples
