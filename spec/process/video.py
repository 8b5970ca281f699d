"""Clause 15.2: video-coded weights."""

from dataclasses import dataclass
from hashlib import sha256
from math import isfinite, prod

from nnref.spec.process.bits import BitReader
from nnref.spec.process.hevc import PictureFormat, hevc_pictures
from nnref.spec.process.method_unit import MethodUnit
from nnref.spec.process.payload import Payload
from nnref.spec.process.reconstruct import nearest_binary32
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import matrix_view
from nnref.spec.process.updates import StoredPictures
from nnref.spec.tables.video import BIT_DEPTHS, LARGEST_EDGE, LEAST_EDGE, MOST_PADDING

PATH = "video_header"


@dataclass(frozen=True, slots=True)
class VideoHeader:
    """Clause 15.2.1: Video header."""

    pictures: PictureFormat
    tile_width: int
    tile_height: int
    scales: list[float]
    parent_sha256: int | None

    @property
    def weights_of_picture(self) -> int:
        """Clause 15.2.2: Pictures. Those of all whole tiles."""
        tiles_of_line = self.pictures.width // self.tile_width
        lines_of_tiles = self.pictures.height // self.tile_height
        return tiles_of_line * lines_of_tiles * self.tile_width * self.tile_height


def video_header(bits: BitReader, unit: MethodUnit) -> VideoHeader:
    """Clause 15.2.1: Video header."""
    video_bit_depth_idc = bits.u(2, f"{PATH}.video_bit_depth_idc")
    if video_bit_depth_idc >= len(BIT_DEPTHS):
        raise bits.refused("video-depth-reserved", f"{video_bit_depth_idc}")
    per_row = bits.u(1, f"{PATH}.video_scales_per_row_flag")
    chroma = bits.u(1, f"{PATH}.video_chroma_flag")
    inter = bits.u(1, f"{PATH}.video_inter_flag")
    tile_width = tile_edge(bits, "video_tile_width_minus1")
    tile_height = tile_edge(bits, "video_tile_height_minus1")
    width = picture_edge(bits, "video_width")
    height = picture_edge(bits, "video_height")
    if width * height > prod(unit.dimensions) + MOST_PADDING:
        raise bits.refused("video-picture-size", f"{width} x {height} samples")
    if tile_width > width or tile_height > height:
        raise bits.refused("video-tile", f"{tile_width} x {tile_height} of {width} x {height}")
    if chroma == 1 and (width % 2 == 1 or height % 2 == 1):
        raise bits.refused("video-chroma-size", f"{width} x {height} samples")
    rows, _ = matrix_view(unit.dimensions)
    count = rows if per_row == 1 else 1
    scales = [bits.flt(f"{PATH}.video_scale[{j}]") for j in range(count)]
    if not all(isfinite(scale) for scale in scales):
        raise bits.refused("video-scale", "a scale is infinite or not a number")
    pictures = PictureFormat(width, height, BIT_DEPTHS[video_bit_depth_idc], chroma)
    parent = bits.u(256, f"{PATH}.video_parent_sha256") if inter == 1 else None
    return VideoHeader(pictures, tile_width, tile_height, scales, parent)


def tile_edge(bits: BitReader, name: str) -> int:
    """Clause 15.2.1: Video header. Samples of a line of a tile, or lines of it."""
    edge = bits.ue(7, f"{PATH}.{name}") + 1
    if edge > LARGEST_EDGE:
        raise bits.refused("video-tile", f"{name} {edge - 1}")
    return edge


def picture_edge(bits: BitReader, name: str) -> int:
    """Clause 15.2.1: Video header. Samples of a line, or lines."""
    edge = bits.ue(7, f"{PATH}.{name}")
    if not LEAST_EDGE <= edge <= LARGEST_EDGE:
        raise bits.refused("video-picture-size", f"{name} {edge}")
    return edge


def video_payload(bits: BitReader, unit: MethodUnit, header: VideoHeader) -> Payload:
    """Clause 15.2.2: Pictures. As many as the weights need."""
    rows, columns = matrix_view(unit.dimensions)
    weights = rows * columns
    count = -(-weights // header.weights_of_picture)
    before = pictures_before(unit, header)
    payload = bits.rest()
    stored = StoredPictures(before.payload + payload, header.pictures, before.count + count)
    pictures = hevc_pictures(stored.payload, stored.format, stored.count)[before.count :]
    samples = [sample for picture in pictures for sample in in_tiles(picture, header)][:weights]
    values = from_samples(samples, header.scales, columns, header.pictures.bit_depth)
    tensor = unit.tensor(values)
    tensor.pictures = stored
    return Payload([tensor], len(payload), None)


def pictures_before(unit: MethodUnit, header: VideoHeader) -> StoredPictures:
    """Clause 15.2.4: Pictures of updates. Those that the payload continues; none if it starts
    anew.
    """
    if header.parent_sha256 is None:
        return StoredPictures(b"", header.pictures, 0)
    stored = unit.state.pictures.get(unit.name)
    if stored is None or stored.format != header.pictures:
        found = "nothing" if stored is None else str(tuple(stored.format))
        raise Refused("video-base", f"{found} stored of {unit.name!r}")
    digest = sha256(stored.payload).digest()
    if int.from_bytes(digest, "big") != header.parent_sha256:
        raise Refused("parent-mismatch", f"the stored pictures have the hash {digest.hex()}")
    return stored


def in_tiles(picture: list[int], header: VideoHeader) -> list[int]:
    """Clause 15.2.2: Pictures. The samples of all whole tiles, one tile after the other, line by
    line.
    """
    width, height = header.tile_width, header.tile_height
    samples = []
    for top in range(0, header.pictures.height - height + 1, height):
        for left in range(0, header.pictures.width - width + 1, width):
            for line in range(top, top + height):
                first = line * header.pictures.width + left
                samples += picture[first : first + width]
    return samples


def from_samples(
    samples: list[int], scales: list[float], columns: int, bit_depth: int
) -> list[float]:
    """Clause 15.2.3: Reconstruction from samples. Samples are symmetric around the middle of their
    range; the product with the scale is rounded to binary32.
    """
    middle = 1 << (bit_depth - 1)
    values = []
    for position, sample in enumerate(samples):
        scale = scales[position // columns if len(scales) > 1 else 0]
        values.append(nearest_binary32(scale * (sample - middle)))
    return values
