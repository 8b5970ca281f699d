"""What there is to say about one line, as label and text: the same in every export."""

from collections.abc import Iterator

from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.rules import Rule
from nnref.tools.syntax.lines import Line
from nnref.tools.syntax.objects import members
from nnref.tools.syntax.streams import streams_with

Fact = tuple[str, str]
"""(label, text)"""


def clause_text(clause: str) -> str:
    """`clause 9.3.2 (Context bins)`, `annex E (...)`."""
    word = "annex" if clause.isalpha() else "clause"
    return f"{word} {clause} ({CLAUSES[clause]})"


def facts(line: Line) -> Iterator[Fact]:
    """Everything known about a line but its rules; nothing is said of what it does not have."""
    if line.descriptor:
        yield "descriptor", line.descriptor
    yield "stands in", f"{line.structure}, {clause_text(line.structure_clause)}"
    yield "units", ", ".join("every unit" if u == "nnr_unit" else u for u in line.units)
    if line.before:
        yield "behind", line.before
    if line.after:
        yield "before", line.after
    if line.kind != "variable":
        yield "present", line.condition or "always"
    if line.count:
        yield "entries", line.count
    if line.inference:
        yield ("value" if line.kind == "variable" else "if absent"), line.inference
    if line.values:
        yield "values", line.values
    if names := members(line.enumeration):
        yield line.enumeration, ", ".join(f"{value} {name}" for name, value in names.items())
    yield "semantics", clause_text(line.clause)
    if line.coding:
        yield "bins", ", ".join(map(clause_text, line.coding))
    for rule, demand in line.demands:
        yield "demand", f"{demand} (rule {rule})"
    if streams := streams_with(line.element):
        yield "streams", ", ".join(streams)


def rule_text(rule: Rule) -> str:
    """`codebook_size is at least 1 (clause 7.8.7, invalid)`."""
    tolerated = ", tolerated" if rule.tolerated else ""
    return f"{rule.text} (clause {rule.clause}, {rule.kind}{tolerated})"
