"""What a sample of a weight shows: zeros, or few different values; then other tools pay."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_SMALL: Final = 1 / 64
"""Of the root mean square: a number below this is nearly zero."""
_SHARE: Final = 0.3
"""Part of the numbers that are nearly zero in a sparse weight. In trained layers with four fifths
of the weights set to 0 dependent quantization takes up to 12 % more bytes; in those without zeros
it takes fewer."""
_REPEATED: Final = 4
"""How often a value of a clustered weight occurs, on average."""
_SAMPLED: Final = 1 << 16
"""Numbers that are looked at, about."""


def is_sparse(values: NDArray[Any]) -> bool:
    """Whether many numbers are zero or nearly so; finite, any shape."""
    sample = np.abs(_sample(values), dtype=np.float64)
    small = _SMALL * math.sqrt(float(np.vdot(sample, sample)) / max(1, sample.size))
    zeros = int(np.count_nonzero(sample <= small))
    return bool(sample.size > 0 and zeros >= _SHARE * sample.size)


def is_clustered(values: NDArray[Any]) -> bool:
    """Whether numbers beside zero occur several times each."""
    sample = _sample(values)
    numbers = sample[sample != 0]
    return bool(_REPEATED * np.unique(numbers).size <= numbers.size)


def _sample(values: NDArray[Any]) -> NDArray[Any]:
    flat = values.reshape(-1)
    return flat[:: flat.size // _SAMPLED | 1]
