"""Pages of files that are mapped into memory."""

import mmap

import numpy as np


def let_go(view: memoryview) -> None:
    """Take the pages under a view of a mapped file out of this process's memory.

    They are read again when they are touched. Views of other memory stay as they are.
    """
    mapped = view.obj
    if not (isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED") and len(view)):
        return
    start = _address(view) - _address(mapped)
    page = start - start % mmap.PAGESIZE
    mapped.madvise(mmap.MADV_DONTNEED, page, start + len(view) - page)


def _address(memory: memoryview | mmap.mmap) -> int:
    address: int = np.frombuffer(memory, np.uint8).ctypes.data
    return address
