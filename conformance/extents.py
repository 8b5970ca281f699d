"""Where the units of a stream begin and end, also in one that nobody can read."""

from collections.abc import Iterator


def extents(data: bytes) -> Iterator[tuple[int, int]]:
    """Clause 6.1: offset and size in bytes of every unit, as far as their sizes can be true."""
    offset = 0
    while offset + 2 <= len(data):
        size = int.from_bytes(data[offset : offset + 2], "big")
        if size >> 15:
            size = int.from_bytes(data[offset : offset + 4], "big") & 0x7FFFFFFF
        if not 3 <= size <= len(data) - offset:
            return
        yield offset, size
        offset += size
