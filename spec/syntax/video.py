"""Clause 15.2: video-coded weights: what stands in front of the elementary stream."""

from typing import Final

from construct.core import this

from nnref.spec.syntax.descriptors import FLT, UE, U
from nnref.spec.syntax.elements import Element, Structure
from nnref.spec.tables.video import BIT_DEPTHS, LARGEST_EDGE, LEAST_EDGE

HEADER: Final = "15.2.1"

_tile = UE(7, values=range(LARGEST_EDGE), rule="video-tile")
_edge = UE(7, values=range(LEAST_EDGE, LARGEST_EDGE + 1), rule="video-picture-size")

VIDEO_HEADER: Final = Structure(
    "video_header()",
    HEADER,
    Element(
        "video_bit_depth_idc",
        U(2, values=range(len(BIT_DEPTHS)), rule="video-depth-reserved"),
        HEADER,
    ),
    Element("video_scales_per_row_flag", U(1), HEADER),
    Element("video_chroma_flag", U(1), HEADER),
    Element("video_inter_flag", U(1), HEADER),
    Element("video_tile_width_minus1", _tile, HEADER),
    Element("video_tile_height_minus1", _tile, HEADER),
    Element("video_width", _edge, HEADER),
    Element("video_height", _edge, HEADER),
    Element(
        "video_scale",
        FLT(),
        HEADER,
        count=this.video_scales_per_row_flag * (this._.tensor_rows - 1) + 1,
    ),
    Element("video_parent_sha256", U(256), HEADER, when=this.video_inter_flag == 1),
)
