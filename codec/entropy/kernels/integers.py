"""Integer primitives that mean the same with the JIT on and off.

All kernel arithmetic is signed and stays inside 64 bits by construction, so that plain Python
integers give the same results; only these three operations need the compiler's help. It puts
their instructions in place, which keeps the kernels small while they are compiled.
"""

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import lower_builtin, type_callable

_lower: Any = lower_builtin


def at(position: int) -> int:
    """`position`, known not to be negative: spares the compiler the wrap-around of indices."""
    return position


def signed(number: Any) -> int:
    """`number` (an array element or a comparison) as a signed 64-bit integer."""
    return int(number)


def leading_zeros(number: int) -> int:
    """Zero bits above the highest 1 of the 64-bit form of `number` > 0."""
    return 64 - int(number).bit_length()


@type_callable(at)
def _type_of_position(_context: Any) -> Any:
    return lambda _: types.uint64


@type_callable(signed)
@type_callable(leading_zeros)
def _type_of_number(_context: Any) -> Any:
    return lambda _: types.int64


@_lower(at, types.Integer)
@_lower(signed, types.Integer)
@_lower(signed, types.Boolean)
def _converted(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return context.cast(builder, arguments[0], signature.args[0], signature.return_type)


@_lower(leading_zeros, types.Integer)
def _counted(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    number = context.cast(builder, arguments[0], signature.args[0], types.int64)
    return builder.ctlz(number, cgutils.true_bit)
