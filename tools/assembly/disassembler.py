"""Annex E: from the bytes of a stream, valid or not, to an assembly text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from nnref.spec.syntax import Record, StreamState
from nnref.spec.syntax.bits import BitWriter
from nnref.spec.tables import enums
from nnref.tools.assembly.assembler import SIZE, TAG, assemble
from nnref.tools.assembly.codewords import Statement, codewords
from nnref.tools.assembly.units import ParsedUnit, parse_unit
from nnref.tools.assembly.values import AUTO, value_text, write_value
from nnref.tools.syntax import clause_of, lines
from nnref.tools.trace.tracing import Source

ROW: Final = 32
"""Bytes of a line of hexadecimal digits."""
_COMMENT: Final = 80
"""Column of comments."""
_SHOWN_BITS: Final = 32
"""Longest element whose bits are shown behind it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a text is written."""

    bins: bool = False
    """Codewords bin by bin, where the literal decoder can decode them."""
    auto_size: bool = False
    """`auto` for every nnr_unit_size that says the size of its unit."""


def disassemble(source: Source, options: Options | None = None) -> Iterator[str]:
    """Annex E: the lines of a text from which `assemble` rebuilds `source.data`, whatever it is.

    Raises NnrError for a wrong base only.
    """
    return _Disassembler(source, options or Options()).lines()


class _Disassembler:
    """Goes through the bytes once; what no element claims becomes a gap."""

    def __init__(self, source: Source, options: Options) -> None:
        self._data = source.data
        self._known = source.out_of_band
        self._options = options
        self._codewords = codewords(source) if options.bins else {}
        self._state = StreamState()

    def lines(self) -> Iterator[str]:
        """The whole text."""
        yield TAG
        offset = index = 0
        while offset < len(self._data):
            yield ""
            parsed = parse_unit(self._data, offset, self._state, self._known)
            yield from self._unit(index, offset, parsed)
            if parsed.unit is not None:
                self._state = self._state.after(parsed.unit.nnr_unit_type, parsed.unit.fields)
            offset = parsed.end
            index += 1

    def _unit(self, index: int, offset: int, parsed: ParsedUnit) -> Iterator[str]:
        end = parsed.end
        place = f"{parsed.type_name}, byte {offset}, {end - offset} bytes"
        yield f"{f'unit {index}':<{_COMMENT}}  # {place}"
        for record in parsed.records:
            yield from self._element(record, parsed.type_name, 8 * (end - offset))
        first = parsed.records[-1].bit + parsed.records[-1].bits if parsed.records else 8 * offset
        if parsed.unit is None or parsed.problem:
            yield from self._raw("gap", first, 8 * end, parsed.problem)
        else:
            yield from self._payload(index, first, 8 * end)

    def _element(self, record: Record, unit: str, unit_bits: int) -> Iterator[str]:
        descriptor, value = value_text(record)
        if not self._is_rebuilt(record, descriptor, value):
            comment = f"{record.path} {descriptor}, which is not written so"
            yield from self._raw("gap", record.bit, record.bit + record.bits, comment)
            return
        if self._options.auto_size and record.name == SIZE and 8 * record.value == unit_bits:
            value = AUTO
        statement = f"{record.path:<44} {descriptor:<8} {value}"
        yield _line(_position(record.bit), statement, self._comment(record, unit))

    def _comment(self, record: Record, unit: str) -> str:
        """Bits, clause, and the name of a value that has one."""
        shown = f"{record.bits} bit{'s' if record.bits > 1 else ''}"
        if 1 < record.bits <= _SHOWN_BITS:
            shown += f" {self._number(record.bit, record.bits):0{record.bits}b}"
        name = value_name(record.name, record.value)
        return f"{shown}, clause {clause_of(unit, record.name)}{f', {name}' if name else ''}"

    def _is_rebuilt(self, record: Record, descriptor: str, value: str) -> bool:
        """Whether the words give the bits back: not so for a byte string without its end."""
        bits = BitWriter()
        before = record.bit % 8
        if before:
            bits.u(0, before)
        write_value(bits, descriptor, value)
        length = bits.position - before
        if -bits.position % 8:
            bits.u(0, -bits.position % 8)
        number = int.from_bytes(bits.getvalue(), "big") >> (-(before + length) % 8)
        return length == record.bits and number == self._number(record.bit, record.bits)

    def _payload(self, index: int, first: int, last: int) -> Iterator[str]:
        statements = self._codewords.get(index)
        if statements is None or not _rebuilds(statements, self._data[first // 8 : last // 8]):
            yield from self._raw("payload", first, last, "")
            return
        yield _line(_position(first), "codeword", f"{(last - first) // 8} bytes")
        for statement, comment in statements:
            yield _line("", statement, comment)

    def _raw(self, word: str, first: int, last: int, comment: str) -> Iterator[str]:
        """Bits up to a byte boundary, then rows of bytes; the comment stands in the first line."""
        while first < last:
            if first % 8 or last - first < 8:
                stop = min(last, first + 8 - first % 8)
                digits = f"bits {self._number(first, stop - first):0{stop - first}b}"
            else:
                stop = min(first + 8 * ROW, last - last % 8)
                digits = f"hex {self._data[first // 8 : stop // 8].hex()}"
            yield _line(_position(first), f"{word} {digits}", comment)
            first, comment = stop, ""

    def _number(self, first: int, length: int) -> int:
        """Bits of the stream as a number."""
        last = first + length
        number = int.from_bytes(self._data[first // 8 : -(-last // 8)], "big") >> (-last % 8)
        return number & (1 << length) - 1


def _rebuilds(statements: list[Statement], payload: bytes) -> bool:
    """Whether a codeword is the one that an encoder makes of its bins: one bit tells it apart."""
    return assemble([TAG, "codeword", *(statement for statement, _ in statements)]) == payload


@cache
def _names() -> dict[str, Mapping[int, str]]:
    """Names of values by element."""
    return {
        line.element: {int(member): member.name for member in getattr(enums, line.enumeration)}
        for line in lines()
        if line.enumeration
    }


_UNIT_TYPES: Final = {int(member): member.name for member in enums.UnitType}
_FORMATS: Final = {int(member): member.name for member in enums.DecompressedDataFormat}


def value_name(element: str, value: object) -> str:
    """The name of an element's value, for example `NNR_PT_FLOAT`; empty where it has none."""
    if not isinstance(value, int):
        return ""
    if element == "nnr_unit_type":
        return _UNIT_TYPES.get(value, "")
    if element == "nnr_decompressed_data_format":
        return _FORMATS.get(value, "")
    return _names().get(element, {}).get(value, "")


def _position(bit: int) -> str:
    """Byte and bit, counted from the first of the stream."""
    return f"{bit // 8}.{bit % 8}"


def _line(position: str, statement: str, comment: str) -> str:
    text = f"{position:>10}  {statement}" if statement else f"{'':>12}# {comment}"
    return f"{text:<{_COMMENT}}  # {comment}" if statement and comment else text
