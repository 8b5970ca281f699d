"""Clause 15.6: constants of deep compression."""

from typing import Final

MAX_GAP_BITS: Final = 8
"""Clause 15.6.1: bits of a gap, at most."""

MAX_CODE_LENGTH: Final = 15
"""Clause 15.6.2: bits of a code word, at most."""
