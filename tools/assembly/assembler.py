"""Annex E: from an assembly text to the bytes of a stream."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from nnref.spec.errors import NnrError, refusal
from nnref.spec.syntax.bits import BitWriter
from nnref.spec.tables.cabac import PARAMETER_SETS, context_count
from nnref.tools.assembly.encoder import CodewordEncoder
from nnref.tools.assembly.values import AUTO, syntax_error, write_bits, write_hex, write_value

TAG: Final = "nnref.assembly/1"
"""The first line."""
SIZE: Final = "nnr_unit_size"
_POSITION: Final = re.compile(r"[0-9]+(\.[0-7])?")
_WORD: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s"#]+)')
_END: Final = re.compile(r"\s*(#.*)?")
_MOST_CONTEXTS: Final = context_count(256)


def assemble(lines: Iterable[str]) -> bytes:
    """Annex E: the bytes that the lines of an assembly text say.

    Raises FileError (assembly-syntax) for a line that means nothing and NnrError (element-value,
    tensor-name-unsupported, string-not-aligned) for a value that its descriptor cannot hold; the
    detail begins with the number of the line.
    """
    assembler = _Assembler()
    number = 0
    tagged = False
    for number, line in enumerate(lines, 1):
        try:
            words = _words(line)
            if words and not tagged:
                if words != [TAG]:
                    raise syntax_error(f"the first line is not {TAG}")
                tagged = True
            elif words:
                assembler.statement(words)
        except NnrError as error:
            raise _at_line(error, number, line) from None
    try:
        if not tagged:
            raise syntax_error(f"there is no line {TAG}")
        return assembler.finish()
    except NnrError as error:
        raise _at_line(error, number, "") from None


def _words(line: str) -> list[str]:
    """The words of a line, without position and comment."""
    words, place = [], 0
    while match := _WORD.match(line, place):
        words.append(match[1])
        place = match.end()
    if not _END.fullmatch(line.rstrip("\n"), place):
        raise syntax_error(f"{line[place:].strip()!r} cannot be read")
    return words[1:] if len(words) > 1 and _POSITION.fullmatch(words[0]) else words


def _at_line(error: NnrError, number: int, line: str) -> NnrError:
    shown = f" ({line.strip()})" if line.strip() else ""
    return refusal(error.id, f"line {number}: {error.detail}{shown}")


@dataclass(frozen=True, slots=True)
class _OpenSize:
    """A size to be computed: where its bits are, and which unit it is of."""

    bit: int
    bits: int


class _Assembler:
    """Carries out one statement after the other."""

    def __init__(self) -> None:
        self._bits = BitWriter()
        self._unit_start = 0
        self._open_size: _OpenSize | None = None
        self._sizes: list[tuple[_OpenSize, int]] = []
        self._codeword: CodewordEncoder | None = None

    def statement(self, words: list[str]) -> None:
        """One line that is neither empty nor a comment."""
        name, *operands = words
        if self._codeword is not None:
            self._of_codeword(self._codeword, name, operands)
        elif name == "unit":
            self._end_unit()
        elif name in ("gap", "payload"):
            self._raw(operands)
        elif name == "codeword" and not operands:
            self._codeword = CodewordEncoder()
        elif len(operands) == 2:
            self._element(name, *operands)
        else:
            raise syntax_error("neither a statement nor element, descriptor and value")

    def finish(self) -> bytes:
        """The bytes, with all sizes."""
        if self._codeword is not None:
            raise syntax_error("a codeword has no terminate")
        self._end_unit()
        data = bytearray(self._bits.getvalue())
        for place, size in self._sizes:
            _put(data, place, size)
        return bytes(data)

    def _end_unit(self) -> None:
        position = self._bits.position
        if position % 8:
            raise syntax_error(f"{position % 8} bits behind the last byte of the unit")
        if self._open_size is not None:
            size = (position - self._unit_start) // 8
            if size >> self._open_size.bits:
                detail = f"{SIZE} {size} does not fit u({self._open_size.bits}); with "
                raise refusal("element-value", f"{detail}nnr_unit_size_flag 1 it has u(31)")
            self._sizes.append((self._open_size, size))
        self._unit_start, self._open_size = position, None

    def _raw(self, operands: list[str]) -> None:
        match operands:
            case ["hex", digits]:
                write_hex(self._bits, digits)
            case ["bits", digits]:
                write_bits(self._bits, digits)
            case _:
                raise syntax_error("hex or bits, then digits")

    def _element(self, name: str, descriptor: str, value: str) -> None:
        if name == SIZE and value == AUTO:
            if self._open_size is not None:
                raise syntax_error(f"a unit has one {SIZE}")
            before = self._bits.position
            write_value(self._bits, descriptor, "0")
            self._open_size = _OpenSize(before, self._bits.position - before)
        else:
            write_value(self._bits, descriptor, value)

    def _of_codeword(self, codeword: CodewordEncoder, name: str, operands: list[str]) -> None:
        form = _CODEWORD.get((name, len(operands)))
        if form is None or not all(map(str.isdecimal, operands)):
            raise syntax_error("no statement of a codeword; it ends with terminate 1")
        largest, carry_out = form
        numbers = [int(operand) for operand in operands]
        if any(number > most for number, most in zip(numbers, largest, strict=True)):
            raise syntax_error(f"the largest numbers are {', '.join(map(str, largest))}")
        carry_out(codeword, *numbers)
        if name == "terminate":
            if numbers != [1]:
                raise syntax_error("a codeword ends with terminate 1")
            self._bits.u(int.from_bytes(done := codeword.finish(), "big"), 8 * len(done))
            self._codeword = None


def _put(data: bytearray, place: _OpenSize, size: int) -> None:
    """Set bits that are 0 so far."""
    first, last = place.bit // 8, (place.bit + place.bits - 1) // 8
    shift = 8 * (last + 1) - (place.bit + place.bits)
    number = int.from_bytes(data[first : last + 1], "big") | size << shift
    data[first : last + 1] = number.to_bytes(last + 1 - first, "big")


_CODEWORD: Final[dict[tuple[str, int], tuple[tuple[int, ...], Callable[..., None]]]] = {
    ("contexts", 1): ((_MOST_CONTEXTS,), CodewordEncoder.new_contexts),
    ("set", 2): ((_MOST_CONTEXTS, len(PARAMETER_SETS) - 1), CodewordEncoder.set_shift_idx),
    ("force", 0): ((), CodewordEncoder.force_range),
    ("restart", 0): ((), CodewordEncoder.restart),
    ("bin", 2): ((_MOST_CONTEXTS, 1), CodewordEncoder.context_bin),
    ("bypass", 1): ((1,), CodewordEncoder.bypass_bin),
    ("terminate", 1): ((1,), lambda _codeword, _value: None),
}
"""Statements of a codeword by name and number of operands: the largest operands, the method."""
