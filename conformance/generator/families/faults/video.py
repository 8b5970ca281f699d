"""Clause 15.2: headers of pictures, and pictures, that are not."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.edits import append, put, shorten
from nnref.conformance.generator.fault import FaultCase, broken
from nnref.conformance.generator.pictures import payloads

_UNIT: Final = 2
_HEADER: Final = "video_header"


def _last_picture(name: str) -> int:
    """Bytes of the last picture of a payload."""
    stream = payloads()[name]
    return len(stream) - stream.rindex(b"\0\0\1")


def faults() -> Iterator[FaultCase]:
    """The family."""
    for name, parent, rule, purpose, edit in (
        (
            "depth",
            "plain",
            "video-depth-reserved",
            "Samples of an unknown number of bits are guessed.",
            put(_UNIT, f"{_HEADER}.video_bit_depth_idc", 3),
        ),
        (
            "narrow",
            "empty",
            "video-picture-size",
            "A width is taken that pictures cannot have.",
            put(_UNIT, f"{_HEADER}.video_width", 15),
        ),
        (
            "tall",
            "high",
            "video-picture-size",
            "A height is taken that is above the limit.",
            put(_UNIT, f"{_HEADER}.video_height", 8193),
        ),
        (
            "large",
            "empty",
            "video-picture-size",
            "Memory is taken for a picture much larger than the tensor.",
            put(_UNIT, f"{_HEADER}.video_width", 8192),
        ),
        (
            "tile-wide",
            "plain",
            "video-tile",
            "No tile has room in a line, and the number of pictures is a division by 0.",
            put(_UNIT, f"{_HEADER}.video_tile_width_minus1", 16),
        ),
        (
            "tile-high",
            "kernels",
            "video-tile",
            "No line of tiles has room, and the number of pictures is a division by 0.",
            put(_UNIT, f"{_HEADER}.video_tile_height_minus1", 16),
        ),
        (
            "tile-limit",
            "wide",
            "video-tile",
            "A tile is taken that is above the limit.",
            put(_UNIT, f"{_HEADER}.video_tile_width_minus1", 8192),
        ),
        (
            "chroma-odd",
            "empty",
            "video-chroma-size",
            "Half a chroma line is looked for.",
            put(_UNIT, f"{_HEADER}.video_chroma_flag", 1),
        ),
        (
            "scale",
            "plain",
            "video-scale",
            "The middle of the range becomes 0 times infinity.",
            put(_UNIT, f"{_HEADER}.video_scale[0]", float("inf")),
        ),
        (
            "scale-nan",
            "rows",
            "video-scale",
            "A row of weights that are no numbers is handed out.",
            put(_UNIT, f"{_HEADER}.video_scale[3]", float("nan")),
        ),
        (
            "undecodable",
            "empty",
            "video-undecodable",
            "Bytes that are no pictures are ignored because none are needed.",
            append(_UNIT, b"no pictures"),
        ),
        (
            "missing",
            "kernels",
            "video-picture",
            "Weights without samples are left as they are in memory.",
            shorten(_UNIT, _last_picture("two")),
        ),
        (
            "surplus",
            "kernels",
            "video-picture",
            "Pictures that no weight is in are ignored, however many.",
            put(_UNIT, "tensor_dimensions[0]", 4),
        ),
        (
            "other-width",
            "plain",
            "video-picture",
            "Lines are as long as the header says, which the pictures are not.",
            put(_UNIT, f"{_HEADER}.video_width", 17),
        ),
        (
            "other-depth",
            "plain",
            "video-picture",
            "Samples of 8 bits are read as ones of 10.",
            put(_UNIT, f"{_HEADER}.video_bit_depth_idc", 1),
        ),
        (
            "other-chroma",
            "plain",
            "video-picture",
            "The chroma that the header announces is not there.",
            put(_UNIT, f"{_HEADER}.video_chroma_flag", 1),
        ),
        (
            "no-base",
            "update-1",
            "video-base",
            "Pictures that refer to others are decoded without them.",
            put(_UNIT, "topology_elem_id", "n"),
        ),
        (
            "base-format",
            "update-1",
            "video-base",
            "Pictures of one size are taken to continue those of another.",
            put(_UNIT, f"{_HEADER}.video_height", 18),
        ),
        (
            "other-base",
            "update-2",
            "parent-mismatch",
            "Pictures are predicted from those of another tensor.",
            put(_UNIT, f"{_HEADER}.video_parent_sha256", 0),
        ),
    ):
        yield broken(f"video-{name}", f"video-{parent}", rule, purpose, edit)
