"""Messages between the two processes: a JSON object and arrays, one frame each way per call.

A frame is a 4-byte big-endian length, that many bytes of JSON, then the arrays' bytes one after
the other. The JSON lists dtype and shape of every array under `arrays`.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_LENGTH = struct.Struct(">I")

Array = NDArray[Any]


@dataclass
class Message:
    """One request or reply: named values and arrays in order."""

    values: dict[str, Any]
    arrays: list[Array] = field(default_factory=list)


def write_message(stream: IO[bytes], values: dict[str, Any], arrays: Sequence[Array] = ()) -> None:
    """Write one frame and flush."""
    layout = [{"dtype": a.dtype.str, "shape": a.shape} for a in arrays]
    head = json.dumps({"values": values, "arrays": layout}).encode()
    stream.write(_LENGTH.pack(len(head)))
    stream.write(head)
    for array in arrays:
        stream.write(array.tobytes())
    stream.flush()


def read_message(stream: IO[bytes]) -> Message:
    """Read one frame; EOFError when the stream ends before the frame does.

    The arrays are fresh, writable and C-contiguous: the peer's binding silently ignores others.
    """
    (length,) = _LENGTH.unpack(_read_exactly(stream, _LENGTH.size))
    head = json.loads(_read_exactly(stream, length))
    return Message(head["values"], [_read_array(stream, **layout) for layout in head["arrays"]])


def _read_array(stream: IO[bytes], dtype: str, shape: list[int]) -> Array:
    array = np.empty(shape, np.dtype(dtype))
    array[...] = np.frombuffer(_read_exactly(stream, array.nbytes), array.dtype).reshape(shape)
    return array


def _read_exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError(f"{len(data)} bytes of {count}")
    return data
