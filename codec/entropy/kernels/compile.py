"""How the functions of the kernels are compiled."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Compiled = TypeVar("Compiled", bound=Callable[..., Any])


def kernel(function: Compiled) -> Compiled:
    """For functions called from Python: releases the GIL, kept on disk, division unchecked.

    Where numba finds no folder that it may write to, they are compiled in every process.
    """
    try:
        return cast(Compiled, njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # "cannot cache function": a read-only installation, a user without a home
        return cast(Compiled, njit(nogil=True, error_model="numpy")(function))


def inner(function: Compiled, **options: bool) -> Compiled:
    """For functions called by kernels only, once for many weights."""
    options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    compile_it: Any = njit(nogil=True, error_model="numpy", **options)  # type: ignore[call-overload]
    return cast(Compiled, compile_it(function))


def inlined(function: Compiled) -> Compiled:
    """For the arithmetic of one bin: numbers in, numbers out.

    Arrays would cost reference counting per call, closures a pass over the whole caller while it
    is compiled; so the callers read and write arrays themselves.
    """
    return inner(function, forceinline=True)
