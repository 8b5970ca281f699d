"""Integer primitives that mean the same with the JIT on and off.

All kernel arithmetic is signed and stays inside 64 bits by construction, so that plain Python
integers give the same results; only these three operations need the compiler's help.
"""

from typing import Any

import numpy as np
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload


def at(position: int) -> int:
    """`position`, known not to be negative: spares the compiler the wrap-around of indices."""
    return position


def signed(number: Any) -> int:
    """`number` (an array element or a comparison) as a signed 64-bit integer."""
    return int(number)


def leading_zeros(number: int) -> int:
    """Zero bits above the highest 1 of the 64-bit form of `number` > 0."""
    return 64 - int(number).bit_length()


@intrinsic
def _count_leading_zeros(_context: Any, _number: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], cgutils.true_bit)

    return types.int64(types.int64), generate


@overload(at)
def _compiled_at(position: Any) -> Any:  # noqa: ARG001
    def compiled(position: Any) -> Any:
        return np.uint64(position)

    return compiled


@overload(signed)
def _compiled_signed(number: Any) -> Any:  # noqa: ARG001
    def compiled(number: Any) -> Any:
        return np.int64(number)

    return compiled


@overload(leading_zeros)
def _compiled_leading_zeros(number: Any) -> Any:  # noqa: ARG001
    def compiled(number: Any) -> Any:
        return _count_leading_zeros(number)  # type: ignore[call-arg]

    return compiled
