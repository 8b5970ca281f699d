"""Edits of a stream, each of one thing: an element, some bits, a unit, the end."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from nnref.conformance.suite import Edit
from nnref.spec.syntax import OutOfBand, Record, read_units
from nnref.spec.syntax.bits import BitWriter

_DESCRIPTOR: Final = re.compile(r"(u|i|ue|ie)\((\d+)\)|(flt)\(32\)|(st)\(v\)")


@dataclass(frozen=True, slots=True)
class Raw:
    """Bits in place of an element, which its descriptor could not write."""

    bits: str


@dataclass(frozen=True)
class Parent:
    """A valid stream: its bytes, and its units with their elements."""

    data: bytes
    out_of_band: Mapping[str, Mapping[str, Any]]

    @cached_property
    def units(self) -> list[list[Record]]:
        """The elements of every unit."""
        heard: list[Record] = []
        known = {name: OutOfBand(**given) for name, given in self.out_of_band.items()}
        for _ in read_units(self.data, record=heard.append, out_of_band=known):
            pass
        first = [at for at, record in enumerate(heard) if record.name == "nnr_unit_size_flag"]
        return [heard[a:b] for a, b in zip(first, [*first[1:], len(heard)], strict=True)]

    def span(self, unit: int) -> tuple[int, int]:
        """First byte of a unit and the first behind it."""
        records = self.units[unit]
        start = records[0].bit // 8
        return start, start + int(records[1].value)

    def element(self, unit: int, path: str) -> Record:
        """An element of a unit. Raises StopIteration if it has none of this path."""
        return next(record for record in self.units[unit] if record.path == path)


@dataclass(frozen=True, slots=True)
class Edited:
    """A changed stream, and in words what was changed."""

    data: bytes
    op: str
    unit: int | None = None
    element: str | None = None
    old: str | None = None
    new: str | None = None

    def edit(self, parent: bytes) -> Edit:
        """The edit as a sheet has it: the bytes between those that stayed."""
        first, last = _changed(parent, self.data)
        old, new = parent[first : len(parent) - last], self.data[first : len(self.data) - last]
        return Edit(
            self.op, first, old.hex(), new.hex(), self.unit, self.element, self.old, self.new
        )


def _changed(old: bytes, new: bytes) -> tuple[int, int]:
    """Bytes in common at the start and, of the rest, at the end."""
    shorter = min(len(old), len(new))
    first = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    rest = shorter - first
    last = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    return first, last


Maker = Callable[[Parent], Edited]


def put(unit: int, path: str, value: Any) -> Maker:
    """An element gets another value; sizes and alignment of its unit follow, if it is not one."""

    def make(parent: Parent) -> Edited:
        record = parent.element(unit, path)
        start, end = parent.span(unit)
        content = _unit_with(parent, unit, record, _bits(record, value))
        data = parent.data[:start] + content + parent.data[end:]
        new = f"bits {value.bits}" if isinstance(value, Raw) else str(value)
        return Edited(data, "set", unit, path, str(record.value), new)

    return make


def _bits(record: Record, value: Any) -> str:
    """The digits of a value in the descriptor of an element."""
    if isinstance(value, Raw):
        return value.bits
    match = _DESCRIPTOR.fullmatch(record.descriptor)
    assert match is not None
    writer = BitWriter()
    name = match[1] or match[3] or match[4]
    arguments = [int(match[2])] if match[2] else []
    getattr(writer, name)(value, *arguments)
    length = writer.position
    writer.u(0, -length % 8)
    return _digits(writer.getvalue())[:length]


def _digits(data: bytes) -> str:
    return "".join(f"{byte:08b}" for byte in data)


def _unit_with(parent: Parent, unit: int, record: Record, bits: str) -> bytes:
    """The bytes of a unit in which one element has other bits."""
    start, end = parent.span(unit)
    source = _digits(parent.data[start:end])
    text, moved = "", False
    for one in parent.units[unit]:
        own = source[one.bit - 8 * start :][: one.bits]
        if one is record:
            own, moved = bits, len(bits) != one.bits
        elif one.name == "byte_alignment()" and moved:
            own = "1" + "0" * (-(len(text) + 1) % 8)
        text += own
    text += source[one.bit + one.bits - 8 * start :]
    text += "0" * (-len(text) % 8)
    if record.name != "nnr_unit_size":
        size = parent.units[unit][1]
        text = text[0] + f"{len(text) // 8:0{size.bits}b}" + text[1 + size.bits :]
    return int(text, 2).to_bytes(len(text) // 8, "big")


def flip(byte: int, mask: int, element: str | None = None) -> Maker:
    """Bits of one or more bytes are turned round; from the end of the stream if negative."""

    def make(parent: Parent) -> Edited:
        data = bytearray(parent.data)
        place = byte % len(data)
        for offset, bits in enumerate(mask.to_bytes((mask.bit_length() + 7) // 8, "big")):
            data[place + offset] ^= bits
        unit = next(u for u in range(len(parent.units)) if place < parent.span(u)[1])
        return Edited(bytes(data), "bits", unit, element)

    return make


def flip_end(unit: int, mask: int) -> Maker:
    """Bits of the last byte of a unit are turned round."""
    return lambda parent: flip(parent.span(unit)[1] - 1, mask)(parent)


def truncate(length: int) -> Maker:
    """The stream ends after so many bytes; before its end if negative."""
    return lambda parent: Edited(parent.data[:length], "truncate")


def append(unit: int, content: bytes) -> Maker:
    """Bytes at the end of a unit, whose size counts them."""
    return lambda parent: _resized(parent, unit, lambda old: old + content, "append")


def shorten(unit: int, count: int) -> Maker:
    """A unit loses bytes at its end, and its size counts those that are left."""
    return lambda parent: _resized(parent, unit, lambda old: old[:-count], "truncate")


def _resized(parent: Parent, unit: int, change: Callable[[bytes], bytes], op: str) -> Edited:
    start, end = parent.span(unit)
    size = parent.units[unit][1]
    content = change(parent.data[start:end])
    digits = _digits(content)
    digits = digits[0] + f"{len(content):0{size.bits}b}" + digits[1 + size.bits :]
    content = int(digits, 2).to_bytes(len(content), "big")
    return Edited(parent.data[:start] + content + parent.data[end:], op, unit)


def insert(unit: int, content: bytes) -> Maker:
    """A further unit in front of a unit, or at the end."""

    def make(parent: Parent) -> Edited:
        at = parent.span(unit)[0] if unit < len(parent.units) else len(parent.data)
        return Edited(parent.data[:at] + content + parent.data[at:], "insert", unit)

    return make


def copy(unit: int) -> Maker:
    """A unit occurs twice."""

    def make(parent: Parent) -> Edited:
        start, end = parent.span(unit)
        data = parent.data[:end] + parent.data[start:]
        return Edited(data, "insert", unit + 1)

    return make


def remove(unit: int) -> Maker:
    """A unit is gone."""

    def make(parent: Parent) -> Edited:
        start, end = parent.span(unit)
        return Edited(parent.data[:start] + parent.data[end:], "remove", unit)

    return make


def replace_by(data: bytes, unit: int, element: str) -> Maker:
    """Another stream that differs in what one unit says of one element."""
    return lambda _: Edited(data, "set", unit, element)


def recode(unit: int, payload: bytes, element: str, header: Maker | None = None) -> Maker:
    """A unit has another payload, behind what `header` makes of its header."""

    def make(parent: Parent) -> Edited:
        start, end = parent.span(unit)
        last = parent.units[unit][-1]
        coded = end - (last.bit + last.bits + 7) // 8
        data = header(parent).data if header else parent.data
        end += len(data) - len(parent.data)
        size = parent.units[unit][1].bits
        digits = _digits(data[start : end - coded] + payload)
        digits = digits[0] + f"{len(digits) // 8:0{size}b}" + digits[1 + size :]
        content = int(digits, 2).to_bytes(len(digits) // 8, "big")
        return Edited(data[:start] + content + data[end:], "set", unit, element)

    return make


def unterminated(unit: int) -> Maker:
    """A codeword is the next smaller one: all bins are the same but the terminate bin."""

    def make(parent: Parent) -> Edited:
        start, end = parent.span(unit)
        number = int.from_bytes(parent.data[start:end], "big")
        number -= (number & -number) << 1
        content = number.to_bytes(end - start, "big")
        return Edited(parent.data[:start] + content + parent.data[end:], "bits", unit)

    return make


def swap(first: int) -> Maker:
    """A unit and the one behind it change places."""

    def make(parent: Parent) -> Edited:
        (a, b), (_, c) = parent.span(first), parent.span(first + 1)
        data = parent.data[:a] + parent.data[b:c] + parent.data[a:b] + parent.data[c:]
        return Edited(data, "swap", first)

    return make
