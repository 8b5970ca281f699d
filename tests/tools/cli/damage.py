"""Streams that break one rule, made from a good one that starts NNR_STR, NNR_MPS."""

_MPS = 4
"""First byte of the second unit; its reserved bits are in byte 8 of the stream."""


def broken(stream: bytes, kind: str) -> bytes:
    """A copy with one fault of the kind."""
    data = bytearray(stream)
    if kind == "malformed":
        data[1] = 2  # the start unit is said to be shorter than its header
    elif kind == "invalid":
        data[_MPS:_MPS] = data[:_MPS]  # two start units
    elif kind == "unsupported":
        first_data_unit = _MPS + data[_MPS + 1]
        data[first_data_unit + 3] |= 0xF8  # payload type 31
    elif kind == "truncated":
        del data[-1]
    elif kind == "empty":
        data.clear()
    elif kind == "tolerated":
        data[_MPS + 4] |= 0x04  # nnr_reserved_zero_1bit
    elif kind == "payload":
        data[-2] ^= 0xFF
    else:
        raise ValueError(kind)
    return bytes(data)


def with_bits(stream: bytes, bit: int, bits: int, value: int) -> bytes:
    """A copy with `bits` bits from `bit` on replaced."""
    rest = 8 * len(stream) - bit - bits
    mask = ((1 << bits) - 1) << rest
    number = int.from_bytes(stream) & ~mask | value << rest
    return number.to_bytes(len(stream))
