"""The directives that draw a decoded stream: bytes, elements, bins, tensors."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from docutils import nodes

from nnref.spec.syntax import type_name
from nnref.spec.tables.rules import RULES

from . import declarations, worked
from .directives import DocumentDirective
from .markup import Cell, Table, code, draw, paragraph, reference
from .worked import BinRead, ElementRead, Remark, UnitRead, Worked

BYTES_PER_LINE: Final = 24


class Example(DocumentDirective):
    """`{example} first`: everything about a stream, bit by bit and bin by bin."""

    def run(self) -> list[nodes.Node]:
        """Bytes, then unit by unit elements and bins, then the tensors."""
        if self.argument not in worked.manifest():
            return self.missing("example")
        example = worked.decoded(self.argument)
        self.env.note_dependency(str(worked.FOLDER / f"{example.name}.nnr"))
        anchor = self.note("example", example.name, example.entry["title"])
        shown: list[nodes.Node] = [nodes.target("", "", ids=[anchor]), *hex_dump(example)]
        for unit in example.units:
            shown.append(unit_title(unit))
            shown.append(draw(element_table(unit, example.data)))
            if unit.codeword:
                shown.append(draw(bin_table(unit)))
        return [*shown, *result(example)]


class Stream(DocumentDirective):
    """`{stream} trailing-byte`: the bytes of a stream and what decoding gives."""

    def run(self) -> list[nodes.Node]:
        """Bytes and tensors."""
        if self.argument not in worked.manifest():
            return self.missing("stream")
        example = worked.decoded(self.argument)
        self.env.note_dependency(str(worked.FOLDER / f"{example.name}.nnr"))
        shown = nodes.container(classes=["stream"])
        if not example.entry.get("worked"):
            anchor = self.note("example", example.name, example.entry["title"])
            shown += nodes.target("", "", ids=[anchor])
        shown += [*hex_dump(example), *result(example)]
        return [shown]


def hex_dump(example: Worked) -> list[nodes.Node]:
    """The bytes, a line or more per unit."""
    lines = []
    place = 0
    for unit in example.units:
        lines += _hex_lines(example.data[place : place + unit.size], place)
        place += unit.size
    lines += _hex_lines(example.data[place:], place)
    text = "\n".join(lines)
    head = paragraph(
        [
            code(f"{example.name}.nnr"),
            f"  {len(example.data)} bytes, SHA-256 ",
            code(example.entry["sha256"][:16] + "…"),
        ]
    )
    head["classes"].append("stream-head")
    return [head, nodes.literal_block(text, text, language="none")]


def _hex_lines(data: bytes, place: int) -> list[str]:
    return [
        f"{place + first:4d}  {data[first : first + BYTES_PER_LINE].hex(' ')}"
        for first in range(0, len(data), BYTES_PER_LINE)
    ]


def unit_title(unit: UnitRead) -> nodes.Node:
    """Type and bytes of a unit."""
    last = unit.first_byte + unit.size - 1
    text = f"Unit {unit.index}: {type_name(unit.type)}, bytes {unit.first_byte} to {last}"
    return nodes.paragraph("", text, classes=["unit-title"])


def element_table(unit: UnitRead, data: bytes) -> Table:
    """Position, element, descriptor, bits, value."""
    rows: list[list[Cell]] = []
    for element in unit.elements:
        name = element.name
        known = name in declarations.element_names()
        shown = (
            reference("element", name, element.path, literal=True) if known else code(element.path)
        )
        rows.append(
            [
                f"{element.bit // 8}.{element.bit % 8}",
                [shown],
                descriptor(element),
                code(bits_of(element, data)),
                value_of(element),
            ]
        )
    return Table(["byte.bit", "element", "descriptor", "bits", "value"], rows, ["bits"])


def descriptor(element: ElementRead) -> str:
    """The declared descriptor; where there are several, the one of this length."""
    declared = dict.fromkeys(row.descriptor for row in declarations.rows_of(element.name))
    own = f"u({element.length})"
    return own if own in declared else next(iter(declared), "")


def bits_of(element: ElementRead, data: bytes) -> str:
    """The bits of an element; long ones as bytes in hex."""
    first, last = element.bit // 8, (element.bit + element.length + 7) // 8
    bytes_alone = element.length > 32 or isinstance(element.value, str | bytes | float)
    if bytes_alone and element.bit % 8 == 0:
        return data[first:last].hex(" ")
    whole = f"{int.from_bytes(data[first:last], 'big'):0{8 * (last - first)}b}"
    return whole[element.bit % 8 :][: element.length]


def value_of(element: ElementRead) -> str:
    """The value as text."""
    if isinstance(element.value, bytes):
        return f"{len(element.value)} bytes"
    if isinstance(element.value, str):
        return f'"{element.value}"'
    if element.length > 64:
        return f"{element.value:0{element.length // 4}x}"
    return "" if element.path == "byte_alignment()" else f"{element.value}"


def bin_table(unit: UnitRead) -> Table:
    """Every bin with the registers before it; remarks as lines of their own."""
    rows: list[list[Cell]] = []
    classes = []
    number = 0
    for line in unit.codeword:
        if isinstance(line, Remark):
            rows.append(["", [nodes.emphasis(line.text, line.text)], "", "", "", "", "", ""])
            classes.append("remark")
            continue
        number += 1
        rows.append([str(number), *bin_cells(line)])
        classes.append(line.kind)
    headers = ["bin", "element", "context", "S", "range", "width", "offset", "value"]
    return Table(headers, rows, ["bins"], classes)


def bin_cells(line: BinRead) -> list[Cell]:
    """The columns of a bin after its number."""
    numbers = (line.context, line.state, line.range, line.range_lps, line.offset, line.value)
    cells: list[Cell] = [code(line.element)]
    return [*cells, *("" if number is None else str(number) for number in numbers)]


def result(example: Worked) -> list[nodes.Node]:
    """Tensors and findings, or the rule that stopped the decoder."""
    if example.refused is not None or example.stream is None:
        rule = RULES[example.entry["refused"]]
        parts = ["Refused: ", reference("rule", rule.id, rule.id, literal=True), f", {rule.text}."]
        return [paragraph(parts)]
    shown: list[nodes.Node] = []
    for rule_id, group in groupby(f.rule_id for f in example.stream.findings):
        times = len(list(group))
        parts = ["Finding: ", reference("rule", rule_id, rule_id, literal=True)]
        shown.append(paragraph([*parts, f", {times} times." if times > 1 else "."]))
    if example.stream.tensors:
        shown.append(draw(tensor_table(example)))
    return shown


def tensor_table(example: Worked) -> Table:
    """Shape, levels, step and values of each tensor."""
    assert example.stream is not None
    rows: list[list[str]] = []
    for tensor in example.stream.tensors:
        different = tensor.quantized if tensor.quantized != tensor.levels else None
        rows.append(
            [
                tensor.name,
                " × ".join(str(d) for d in tensor.dimensions) or "no dimensions",
                numbers(tensor.levels),
                numbers(different),
                "" if tensor.step is None else f"{number(tensor.step)} (qp {tensor.qp})",
                numbers(tensor.values),
            ]
        )
    headers = ["tensor", "shape", "levels", "quantized", "step", "values"]
    used = [column for column in range(len(headers)) if any(row[column] for row in rows)]
    cells = [[row[column] for column in used] for row in rows]
    return Table([headers[column] for column in used], cells, ["tensors"])


def numbers(values: Sequence[float] | None) -> str:
    """Numbers with spaces between them."""
    return " ".join(number(value) for value in values or ())


def number(value: float) -> str:
    """The shortest text of a number: `0.5`, `-0`, `20971522`."""
    return repr(value).removesuffix(".0")
