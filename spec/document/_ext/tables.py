"""The tables of `nnref.spec.tables` and the limits, ready to be drawn; nothing is typed twice."""

import ast
import inspect
from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum, IntFlag
from types import ModuleType
from typing import Final

from nnref.spec import limits
from nnref.spec.tables import cabac, enums, formats
from nnref.spec.tables.rules import RULES, Rule

from .markup import Cell, Table, anchor, code

Index = Callable[[int], int]
"""A context index as a function of the unary length U."""
LAST_PREFIX_BIN: Final = cabac.REMAINDER_PREFIX_CONTEXTS - 1


def range_lps() -> Table:
    """RANGE_LPS turned: one line per state index, one column per quarter-octave of the range."""
    headers = ["pStateIdx", *(f"{256 + 32 * row}–{287 + 32 * row}" for row in range(8))]
    columns = cabac.RANGE_LPS
    rows = [[str(i), *(str(column[i]) for column in columns)] for i in range(len(columns[0]))]
    return Table(headers, rows, ["numbers", "narrow"])


def transition() -> Table:
    """TRANSITION in lines of eight."""
    values = cabac.TRANSITION
    rows = [
        [str(first), *(str(value) for value in values[first : first + 8])]
        for first in range(0, len(values), 8)
    ]
    return Table(["index", *(f"+{column}" for column in range(8))], rows, ["numbers", "narrow"])


def parameter_sets() -> Table:
    """PARAMETER_SETS with the shifts as applied and the start of S."""
    headers = ["shift_idx", "shift of fast", "shift of slow", "fast", "slow", "S"]
    rows = [
        [str(n) for n in (index, a + 4, b, fast, slow, 16 * fast + slow)]
        for index, (a, b, fast, slow) in enumerate(cabac.PARAMETER_SETS)
    ]
    return Table(headers, rows, ["numbers", "narrow"])


def state_transition() -> Table:
    """STATE_TRANSITION with the quantizer of each state."""
    rows = [
        [str(state), str(even), str(odd), "Q1" if state & 1 else "Q0"]
        for state, (even, odd) in enumerate(cabac.STATE_TRANSITION)
    ]
    headers = ["state", "next, even level", "next, odd level", "quantizer"]
    return Table(headers, rows, ["numbers", "narrow"])


def contexts() -> Table:
    """The context store: first and last index of every element, for any unary length U."""
    sign, greater = cabac.SIGN_PLAIN, cabac.GREATER_PLAIN
    temporal, prefix = cabac.greater_temporal, cabac.remainder_prefix
    present, row_skip = cabac.shift_idx_present, cabac.row_skip
    spans: list[tuple[str, str, Index, Index]] = [
        ("sig_flag", "plain", _at(cabac.SIG_PLAIN), _at(cabac.SIG_TEMPORAL - 1)),
        ("sig_flag", "temporal", _at(cabac.SIG_TEMPORAL), _at(cabac.SIG_HISTORY - 1)),
        ("sig_flag", "history", _at(cabac.SIG_HISTORY), _at(sign - 1)),
        ("sign_flag", "plain", _at(sign), _at(cabac.SIGN_TEMPORAL - 1)),
        ("sign_flag", "temporal", _at(cabac.SIGN_TEMPORAL), _at(greater - 1)),
        ("abs_level_greater_x", "plain", _at(greater), lambda u: temporal(u) - 1),
        ("abs_level_greater_x", "temporal", temporal, lambda u: prefix(u) - 1),
        ("abs_remainder_prefix", "by bin", prefix, lambda u: prefix(u) + LAST_PREFIX_BIN),
        ("shift_idx_minus_1_present_flag", "all", present, present),
        ("row_skip_list", "all", row_skip, row_skip),
    ]
    rows: list[list[Cell]] = [
        [code(element), kind, _linear(first), _linear(last), f"{first(11)}–{last(11)}"]
        for element, kind, first, last in spans
    ]
    return Table(["element", "contexts", "first", "last", "with U = 11"], rows, ["narrow"])


def _at(index: int) -> Index:
    """An index that does not depend on U."""
    return lambda _: index


def _linear(function: Index) -> str:
    """`53 + 2U` for a function of U that is linear."""
    start, slope = function(0), function(1) - function(0)
    return str(start) if slope == 0 else f"{start} + {slope}U"


def data_formats() -> Table:
    """DATA_FORMATS with both numbers of each format."""
    rows: list[list[Cell]] = []
    for number, entry in formats.DATA_FORMATS.items():
        standard = str(number) if number in formats.STANDARD_FORMATS else "–"
        private = formats.PRIVATE_FORMAT_BASE + number
        scalar = str(private + formats.SCALAR_BIT)
        rows.append([standard, str(private), scalar, code(entry.dtype), entry.carriage])
    headers = ["standard code", "private code", "of no dimensions", "output type", "carriage"]
    return Table(headers, rows, ["numbers"])


def default_limits() -> Table:
    """The fields of `Limits`, their defaults and their meanings."""
    meanings = attribute_docs(limits, "Limits")
    rows: list[list[Cell]] = [
        [code(field.name), _power(int(str(field.default))), meanings[field.name]]
        for field in fields(limits.Limits)
    ]
    return Table(["limit", "default", "bounds"], rows)


def _power(number: int) -> str:
    exponent = number.bit_length() - 1
    return f"2^{exponent}" if number == 1 << exponent and exponent > 8 else str(number)


TABLES: Final[dict[str, Callable[[], Table]]] = {
    "RANGE_LPS": range_lps,
    "TRANSITION": transition,
    "PARAMETER_SETS": parameter_sets,
    "STATE_TRANSITION": state_transition,
    "CONTEXTS": contexts,
    "DATA_FORMATS": data_formats,
    "LIMITS": default_limits,
}
"""Every table the document has to show, by the name the `table` directive takes."""

_BASES: Final = (IntEnum, IntFlag)
ENUMS: Final[dict[str, type[IntEnum] | type[IntFlag]]] = {
    name: value
    for name, value in vars(enums).items()
    if inspect.isclass(value) and issubclass(value, IntEnum | IntFlag) and value not in _BASES
}
"""Every enumeration the document has to show."""


def enumeration(name: str) -> Table:
    """Values and names of an enumeration, with the remarks its source makes on members."""
    remarks = attribute_docs(enums, name)
    rows: list[list[Cell]] = []
    for label, member in ENUMS[name].__members__.items():
        row: list[Cell] = [str(int(member)), code(label)]
        rows.append([*row, remarks.get(label, "")] if remarks else row)
    headers = ["value", "name", "meaning"] if remarks else ["value", "name"]
    return Table(headers, rows, ["narrow"])


def rules_of(clause: str) -> list[Rule]:
    """The rules that this very clause states."""
    return [rule for rule in RULES.values() if rule.clause == clause]


def rules(clause: str) -> Table:
    """Id, text and consequence of the rules of a clause."""
    found = rules_of(clause)
    rows: list[list[Cell]] = [
        [code(rule.id), rule.text, rule.kind + (", tolerated" if rule.tolerated else "")]
        for rule in found
    ]
    ids = [anchor("rule", rule.id) for rule in found]
    return Table(["rule", "what holds", "if not"], rows, ["rules"], row_ids=ids)


def attribute_docs(module: ModuleType, class_name: str) -> dict[str, str]:
    """The string that follows an attribute in the body of a class, by attribute name."""
    tree = ast.parse(inspect.getsource(module))
    owner = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == class_name)
    docs: dict[str, str] = {}
    name = ""
    for node in owner.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif name and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            docs[name] = " ".join(str(node.value.value).split())
            name = ""
    return docs
