"""Clause 15.2: weights as pictures."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.methods import GROUP
from nnref.conformance.generator.families.updates import head
from nnref.conformance.generator.pictures import PICTURES, continued, payloads
from nnref.conformance.generator.shorthand import Choices, Unit, four, parameters, start, update
from nnref.spec.tables.enums import Method
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT
from nnref.spec.tables.video import BIT_DEPTHS

_LINES: Final = "A line of the picture for each row."


def video(
    name: str,
    dimensions: Sequence[int],
    pictures: str,
    tile: tuple[int, int],
    scales: Sequence[float] = (0.125,),
    *,
    payload: bytes | None = None,
    parent: bytes | None = None,
    **fields: Any,
) -> Unit:
    """A tensor of some pictures, in tiles of so many samples and lines, which continue `parent`."""
    made = PICTURES[pictures]
    usual: dict[str, Any] = {
        "method_signature": METHOD_SIGNATURE,
        "method_idc": int(Method.VIDEO),
        "topology_elem_id": name,
        "nnr_decompressed_data_format_present_flag": int("nnr_decompressed_data_format" in fields),
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": list(dimensions),
        "video_header": {
            "video_bit_depth_idc": BIT_DEPTHS.index(made.bit_depth),
            "video_scales_per_row_flag": int(len(scales) > 1),
            "video_chroma_flag": int(made.chroma),
            "video_inter_flag": int(parent is not None),
            "video_tile_width_minus1": tile[0] - 1,
            "video_tile_height_minus1": tile[1] - 1,
            "video_width": made.width,
            "video_height": made.height,
            "video_scale": list(scales),
        },
    }
    if parent is not None:
        digest = sha256(parent).digest()
        usual["video_header"]["video_parent_sha256"] = int.from_bytes(digest, "big")
    stream = payloads()[pictures] if payload is None else payload
    return Unit(METHOD_UNIT, usual | fields, payload=stream, strict=False)


def cases() -> Iterator[Case]:
    """The family."""
    rows = [0.5, -0.25, -0.0, 1e-44, 1e36, 3e38, *(i / 8 for i in range(10))]
    for name, title, purpose, unit in (
        (
            "plain",
            "A matrix as a picture",
            f"{_LINES} What is left of it means nothing.",
            video("m", [14, 15], "square", (15, 1)),
        ),
        (
            "cropped",
            "A picture whose edges are no multiples of 8",
            "A conformance window crops what is coded.",
            video("m", [35, 18], "odd", (18, 1)),
        ),
        (
            "extreme",
            "The least and the largest sample",
            "Samples are integers without signs, 128 is 0, and 0 is -128.",
            video("m", [200], "extreme", (1, 1), [1.0]),
        ),
        (
            "kernels",
            "Kernels as tiles of two pictures of 10 bits",
            "Tiles go from left to right and from the top down; those cut by an edge do not count.",
            video("m", [29, 1, 3, 3], "two", (3, 3)),
        ),
        (
            "flat-tiles",
            "Tiles of 5 x 2 samples",
            "A tile has its samples line by line, and rows need not be whole tiles.",
            video("m", [3, 41], "odd", (5, 2)),
        ),
        (
            "rows",
            "A scale for each row, 12 bits",
            "Scales are any numbers; products are rounded, also to subnormal ones and infinity.",
            video("m", [16, 48], "twelve", (48, 1), rows),
        ),
        (
            "wide",
            "A line of 8192 samples as a tile",
            "A few weights may have a picture of many samples.",
            video("m", [20], "flat", (8192, 1)),
        ),
        (
            "high",
            "A tile of 8192 lines",
            "Each weight is a line down the picture.",
            video("m", [20], "high", (1, 8192)),
        ),
        (
            "lossy",
            "Pictures that were coded with loss",
            "The decoding of pictures is exact: all decoders have the same samples.",
            video("m", [24, 24], "lossy", (24, 1)),
        ),
        *(
            (
                f"chroma-{bits}",
                f"Pictures with chroma, {bits} bits",
                "Chroma samples mean nothing, whatever they are.",
                video("m", [14, 16], pictures, (16, 1)),
            )
            for bits, pictures in ((8, "colour"), (10, "colour-10"), (12, "colour-12"))
        ),
        (
            "reordered",
            "Pictures that are decoded in another order",
            "Weights are in the pictures in output order.",
            video("m", [5, 256], "reordered", (16, 16)),
        ),
        (
            "empty",
            "Pictures of no weights",
            "It has no pictures, and no payload.",
            video("m", [0, 3], "odd", (1, 1), payload=b""),
        ),
        (
            "bfloat16",
            "Pictures in bfloat16",
            "Products are rounded to binary32, then to the data format.",
            video("m", [16, 12], "twelve", (12, 1), [1.825], nnr_decompressed_data_format=65),
        ),
    ):
        parts = (start(), parameters(), unit, four())
        yield case(GROUP, f"video-{name}", title, purpose, ("14.2.2", "15.2"), *parts)
    yield from updates()


def updates() -> Iterator[Case]:
    """Clause 15.2.4: pictures that continue those of a base, and of an update."""
    pieces = continued("three")
    increment = Choices([0, 3, -1, 0] * 30 + [1] * 100, -14)
    for number, (purpose, tile, scale) in enumerate(
        (
            ("The base of the updates is decoded alone.", (16, 1), 0.125),
            (
                "The stored byte stream comes before the payload; pictures before are no weights, "
                "and those behind are the whole tensor, not an increment.",
                (16, 1),
                0.125,
            ),
            (
                "All byte streams of the chain are one; tiles and scales are those of the unit.",
                (5, 4),
                0.375,
            ),
        )
    ):
        parent = b"".join(pieces[:number]) if number else None
        own: dict[str, Any] = {"payload": pieces[number], "parent": parent}
        unit = video("m", [11, 20], "three", tile, (scale,), **own)
        yield case(
            GROUP,
            f"video-update-{number}",
            f"Pictures, update {number}",
            purpose,
            ("15.2.4", "12.6"),
            *head(),
            unit,
            after=f"video-update-{number - 1}" if number else None,
            semantics="cumulative" if number else None,
        )
    purpose = "An increment of the tensor leaves the stored pictures as they are."
    yield case(
        GROUP,
        "video-increment",
        "An increment of a tensor in pictures",
        purpose,
        ("15.2.4", "12.6"),
        *head(),
        update("m", 1, [11, 20], increment, temporal_context_modeling_flag=0),
        after="video-update-0",
        semantics="cumulative",
    )
    yield case(
        GROUP,
        "video-behind-increment",
        "Pictures behind an increment",
        purpose,
        ("15.2.4", "12.6"),
        *head(),
        video("m", [11, 20], "three", (16, 1), payload=pieces[1], parent=pieces[0]),
        after="video-increment",
        semantics="cumulative",
    )
