"""Clause 15.2: decoding video-coded weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from nnref.codec.decoder.data_unit import CodedTensor, CodedUnit
from nnref.codec.decoder.methods import MethodDecoder, MethodUnit
from nnref.codec.decoder.methods.hevc import PictureFormat, Samples, decode_pictures
from nnref.codec.decoder.updates import StoredPictures
from nnref.spec.errors import refusal
from nnref.spec.tables.video import BIT_DEPTHS

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Packing:
    """Clause 15.2.2: how the weights of a tensor lie in pictures: in tiles, of which whole ones
    alone count, from left to right and from the top down.
    """

    pictures: PictureFormat
    tile_width: int
    tile_height: int

    @classmethod
    def of(cls, header: Fields) -> Self:
        """What a video header says of its pictures."""
        return cls(
            PictureFormat(
                header["video_width"],
                header["video_height"],
                BIT_DEPTHS[header["video_bit_depth_idc"]],
                bool(header["video_chroma_flag"]),
            ),
            header["video_tile_width_minus1"] + 1,
            header["video_tile_height_minus1"] + 1,
        )

    @property
    def grid(self) -> tuple[int, int]:
        """Lines of tiles, and tiles of a line."""
        pictures = self.pictures
        return pictures.height // self.tile_height, pictures.width // self.tile_width

    def count(self, weights: int) -> int:
        """The pictures that so many weights need."""
        return -(-weights // self.capacity)

    @property
    def capacity(self) -> int:
        """Weights of a picture."""
        lines, tiles = self.grid
        return lines * tiles * self.tile_height * self.tile_width

    def unpacked(self, pictures: Samples, weights: int) -> Samples:
        """The samples of the weights, in their order, of pictures [count, height, width]."""
        lines, tiles = self.grid
        height, width = lines * self.tile_height, tiles * self.tile_width
        split = (len(pictures), lines, self.tile_height, tiles, self.tile_width)
        by_tile = pictures[:, :height, :width].reshape(split).swapaxes(2, 3)
        return by_tile.reshape(-1)[:weights]

    def packed(self, samples: Samples) -> Samples:
        """Pictures [count, height, width] of samples, and middles where there are none."""
        (lines, tiles), count, fmt = self.grid, self.count(samples.size), self.pictures
        height, width = lines * self.tile_height, tiles * self.tile_width
        middle = 1 << (fmt.bit_depth - 1)
        filled = np.full(count * height * width, middle, fmt.dtype)
        filled[: samples.size] = samples
        by_tile = filled.reshape(count, lines, tiles, self.tile_height, self.tile_width)
        pictures: Samples = np.full((count, fmt.height, fmt.width), middle, fmt.dtype)
        pictures[:, :height, :width] = by_tile.swapaxes(2, 3).reshape(count, height, width)
        return pictures


def decode(work: MethodUnit) -> CodedUnit:
    """Clause 15.2: the tensor of a unit. Raises what `decode_pictures` raises."""
    unit, member = work.unit, work.member
    header = unit.fields["video_header"]
    packing = Packing.of(header)
    before = _before(work, packing.pictures)
    payload = before.payload + bytes(unit.payload)
    count = before.count + packing.count(member.weights)
    pictures = decode_pictures(payload, packing.pictures, count)[before.count :]
    samples = packing.unpacked(pictures, member.weights).reshape(member.rows, member.columns)
    scales = np.array(header["video_scale"], np.float32)
    values = from_samples(samples, scales, packing.pictures.bit_depth)
    stored = StoredPictures(payload, header, count)
    values = values.reshape(member.dimensions)
    tensor = CodedTensor(member, None, None, None, values, stored)
    return CodedUnit([tensor], None, unit.payload_size)


def _before(work: MethodUnit, pictures: PictureFormat) -> StoredPictures:
    """Clause 15.2.4: the pictures that a payload continues; none if it starts anew.

    Raises InvalidError video-base, IntegrityError parent-mismatch.
    """
    header, name = work.unit.fields["video_header"], work.member.name
    if not header["video_inter_flag"]:
        return StoredPictures(b"", header, 0)
    stored = work.base.pictures.get(name)
    if stored is None:
        raise refusal("video-base", f"nothing is stored of {name!r}")
    found = Packing.of(stored.header).pictures
    if found != pictures:
        raise refusal("video-base", f"{found} are stored, not {pictures}")
    if stored.sha256 != header["video_parent_sha256"]:
        detail = f"{header['video_parent_sha256']:064x}, stored {stored.sha256:064x}"
        raise refusal("parent-mismatch", detail, element="video_parent_sha256")
    return stored


def from_samples(
    samples: Samples, scales: NDArray[np.float32], bit_depth: int
) -> NDArray[np.float32]:
    """Clause 15.2.3: samples less the middle of their range, times the scale, in binary32.

    `samples` is rows x columns; `scales` has one number, or one for each row.
    """
    integers = samples.astype(np.float32) - np.float32(1 << (bit_depth - 1))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        values: NDArray[np.float32] = integers * scales[:, None]
    return values


def tools(fields: Fields) -> tuple[str, ...]:
    """Short names of what the header switches on."""
    header = fields["video_header"]
    depth = BIT_DEPTHS[header["video_bit_depth_idc"]]
    flags = {"row-scales": "video_scales_per_row_flag", "inter": "video_inter_flag"}
    return ("video", f"bits{depth}", *(name for name, flag in flags.items() if header[flag]))


DECODER: Final = MethodDecoder(decode, tools)
