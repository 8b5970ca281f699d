"""Clause 15.1: constants of local non-linear quantization."""

from typing import Final

BLOCK_EDGE: Final = 8
"""Clause 15.1.2: rows and columns of a block."""

MAX_LEVELS: Final = 8
"""Clause 15.1.4: centroids of an LNQ unit, at most."""

MAX_CLASSES: Final = 4
"""Clause 15.1.3: classes of a tensor, at most."""

MAX_CODE_ONES: Final = 31
"""Clause 15.1.5: ones in front of an Exp-Golomb code inside a codeword, at most."""

LNQ_FLAG: Final = 0
MERGE_FLAG: Final = 3
LEVELS: Final = 4
DICTIONARY: Final = 12
CLASS: Final = 76
CONTROL_CONTEXTS: Final = 85
"""Clause 15.1.6: first context of every element that is not of a weight, and their number. The
context sets of the weights follow."""
