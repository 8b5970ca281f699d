"""Clause 12.6: the sum of a base and its updates, in plain Python."""

from collections.abc import Iterable, Sequence
from struct import pack, unpack
from typing import Final

from nnref.conformance.generator.output import Output, item_of
from nnref.spec.process.reconstruct import nearest_binary32

CUMULATIVE: Final = "cumulative"
NON_CUMULATIVE: Final = "non-cumulative"

_CODES: Final = {
    "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
    "int64": "q", "uint64": "Q", "bool": "?", "float16": "e", "float32": "f", "float64": "d",
}  # fmt: skip

Tensors = dict[str, Output]


def sum_of_chain(
    streams: Sequence[Sequence[Output]], complete: Sequence[Iterable[str]], semantics: str
) -> tuple[Output, ...]:
    """The tensors after the last stream; `complete` names those of each that replace others."""
    base = total = _by_name(streams[0])
    for update, replacing in zip(streams[1:], complete[1:], strict=True):
        total = _after(base if semantics == NON_CUMULATIVE else total, update, set(replacing))
    return tuple(total.values())


def _by_name(outputs: Iterable[Output]) -> Tensors:
    return {output.name: output for output in outputs}


def _after(old: Tensors, update: Sequence[Output], replacing: set[str]) -> Tensors:
    added = {
        one.name: _sum(old[one.name], one)
        for one in update
        if one.name in old and one.name not in replacing
    }
    return old | _by_name(update) | added


def _sum(old: Output, update: Output) -> Output:
    pairs = zip(_numbers(old), _numbers(update), strict=True)
    items = b"".join(_added(a, b, old.dtype) for a, b in pairs)
    return Output(old.name, old.dtype, old.shape, items)


def _added(a: float, b: float, dtype: str) -> bytes:
    if dtype == "bool":
        return bytes([int(bool(a) != bool(b))])
    if dtype.startswith(("int", "uint")):
        bits = int(dtype.lstrip("uint"))
        return (int(a + b) % (1 << bits)).to_bytes(bits // 8, "little")
    return item_of(nearest_binary32(nearest_binary32(a) + nearest_binary32(b)), dtype)


def _numbers(output: Output) -> list[float]:
    if output.dtype == "bfloat16":
        halves = (output.data[i : i + 2] for i in range(0, len(output.data), 2))
        return [unpack("<f", pack("2s", b"\0\0") + half)[0] for half in halves]
    code = _CODES[output.dtype]
    width = len(pack(f"<{code}", 0))
    return list(unpack(f"<{len(output.data) // width}{code}", output.data))
