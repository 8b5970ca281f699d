"""Random streams with video-coded weights (clause 15.2): depths, layouts, scales of all kinds."""

from math import prod
from typing import Any

import numpy as np

from nnref.codec.decoder.methods.hevc import PictureFormat
from nnref.codec.decoder.methods.video import Packing
from nnref.codec.encoder.methods.hevc import encode_pictures
from nnref.conformance.generator.prng import Numbers
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import Method, UnitType
from nnref.spec.tables.private_units import METHOD_UNIT
from nnref.spec.tables.video import BIT_DEPTHS, LEAST_EDGE


def random_video_stream(seed: int, largest: int = 1500) -> bytes:
    """The stream of a seed: a tensor of at most `largest` weights, without loss.

    Raises FileError extra-missing without PyAV.
    """
    random = Numbers(seed)
    state = StreamState()
    parts = []
    for kind, elements in (
        (UnitType.NNR_STR, {"general_profile_idc": random.below(2)}),
        (UnitType.NNR_MPS, {"mps_quantization_method_flags": 0}),
    ):
        parts.append(write_unit(kind, elements, b"", state))
        state = state.after(kind, elements)
    return b"".join([*parts, _unit(random, largest, state)])


def _unit(random: Numbers, largest: int, state: StreamState) -> bytes:
    rows = random.one_of((0, 1, 2, 5, 16))
    columns = random.between(1, max(1, largest // (rows or 1)))
    dimensions = random.one_of(([rows, columns], [rows * columns], [rows, 1, columns], []))
    packing = _packing(random)
    depth = packing.pictures.bit_depth
    drawn = [random.below(1 << depth) for _ in range(prod(dimensions))]
    samples = np.array(drawn, packing.pictures.dtype)
    payload = (
        encode_pictures(packing.packed(samples), packing.pictures, None) if len(samples) else b""
    )
    per_row = random.chance(50, 100)
    scales = [random.real(10.0 ** random.between(-40, 35)) for _ in range([*dimensions, 1][0])]
    fields: dict[str, Any] = {
        "method_idc": int(Method.VIDEO),
        "topology_elem_id": "t",
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "video_header": {
            "video_bit_depth_idc": BIT_DEPTHS.index(depth),
            "video_scales_per_row_flag": int(per_row),
            "video_chroma_flag": int(packing.pictures.chroma),
            "video_inter_flag": 0,
            "video_tile_width_minus1": packing.tile_width - 1,
            "video_tile_height_minus1": packing.tile_height - 1,
            "video_width": packing.pictures.width,
            "video_height": packing.pictures.height,
            "video_scale": scales if per_row else [random.real(1)],
        },
    }
    if random.chance(20, 100):
        fields["nnr_decompressed_data_format_present_flag"] = 1
        fields["nnr_decompressed_data_format"] = random.one_of((1, 8, 65))
    return write_unit(METHOD_UNIT, fields, payload, state)


def _packing(random: Numbers) -> Packing:
    """Small pictures, with tiles of any size that they have room for."""
    chroma = random.chance(30, 100)
    step = 1 + chroma
    width, height = (
        LEAST_EDGE + step * random.below(-((LEAST_EDGE - random.one_of((17, 40))) // step))
        for _ in range(2)
    )
    pictures = PictureFormat(width, height, random.one_of(BIT_DEPTHS), chroma)
    edges = (1, 3, LEAST_EDGE)
    tile = random.one_of(((width, 1), (1, 1), (random.one_of(edges), random.one_of(edges))))
    return Packing(pictures, *tile)
