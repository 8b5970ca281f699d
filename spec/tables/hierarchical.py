"""Clause 15.4: constants of hierarchical compression."""

from typing import Final

MAX_WIDTH: Final = 24
"""Clause 15.4.1: bits of a fixed-point integer, at most: as many as binary32 holds."""

LEAST_FRACTION_LENGTH: Final = -104
"""Clause 15.4.1: of the longest integers, so that they stay finite in binary32."""
