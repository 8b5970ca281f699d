"""Clause 15.2: constants of video-coded weights."""

from typing import Final

BIT_DEPTHS: Final = (8, 10, 12)
"""Clause 15.2.1: bits of a sample, by video_bit_depth_idc."""

LEAST_EDGE: Final = 16
LARGEST_EDGE: Final = 8192
"""Clause 15.2.1: samples of a line, and lines of a picture."""

MOST_PADDING: Final = 1 << 17
"""Clause 15.2.1: samples by which a picture may be larger than the tensor."""
