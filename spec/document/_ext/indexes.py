"""Generated indexes: elements, rules, clauses of the literal decoder."""

from itertools import groupby

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from nnref.spec.syntax.describe import ELEMENT
from nnref.spec.tables.rules import RULES

from . import declarations
from .citations import process_sources
from .markup import Cell, Table, code, draw, reference


class ElementIndex(SphinxDirective):
    """`{element-index}`: every syntax element, where it is read and what it means."""

    def run(self) -> list[nodes.Node]:
        """A line of letters, then a table per letter."""
        names = sorted(declarations.element_names())
        groups = [(letter, list(group)) for letter, group in groupby(names, lambda name: name[0])]
        letters = nodes.paragraph(classes=["letters"])
        shown: list[nodes.Node] = [letters]
        for letter, group in groups:
            anchor = f"elements-{letter}"
            letters += [nodes.reference("", letter.upper(), refuri=f"#{anchor}"), nodes.Text(" ")]
            shown.append(nodes.paragraph("", letter.upper(), classes=["letter"], ids=[anchor]))
            rows = [
                [self.meaning(name), self.descriptors(name), self.places(name)] for name in group
            ]
            shown.append(draw(Table(["element", "descriptor", "syntax"], rows, ["index"])))
        return shown

    @staticmethod
    def meaning(name: str) -> Cell:
        """The link to the semantics."""
        return [reference("element", name, name, literal=True)]

    @staticmethod
    def descriptors(name: str) -> Cell:
        """Each descriptor the element is read by."""
        coded = declarations.coded_elements().get(name)
        found = [coded.coding] if coded else []
        return ", ".join(
            dict.fromkeys(
                found + [r.descriptor for r in declarations.rows_of(name) if r.kind == ELEMENT]
            )
        )

    @staticmethod
    def places(name: str) -> Cell:
        """Links to the lines of syntax tables, or to the clause of the codeword."""
        parts: list[str | nodes.Node] = []
        coded = declarations.coded_elements().get(name)
        if coded:
            parts.append(reference("clause", coded.clause, f"clause {coded.clause}"))
        for title in dict.fromkeys(row.structure for row in declarations.rows_of(name)):
            parts += [", "] if parts else []
            parts.append(reference("row", f"{title}.{name}", title))
        return parts


class CodedElements(SphinxDirective):
    """`{coded-elements}`: the elements of the codeword in reading order."""

    def run(self) -> list[nodes.Node]:
        """The table of {cl}`6.14`."""
        rows: list[list[Cell]] = [
            [
                [reference("element", element.name, element.name, literal=True)],
                element.coding,
                [reference("clause", element.clause, element.clause), " ", code(element.function)],
            ]
            for element in declarations.coded_elements().values()
        ]
        return [draw(Table(["element", "coding", "read in"], rows))]


class RuleIndex(SphinxDirective):
    """`{rule-index}`: every rule id and the clause that states it."""

    def run(self) -> list[nodes.Node]:
        """The table, by id."""
        rows: list[list[Cell]] = [
            [
                [reference("rule", rule.id, rule.id, literal=True)],
                [reference("clause", rule.clause, rule.clause)],
                rule.kind + (", tolerated" if rule.tolerated else ""),
                rule.text,
            ]
            for rule in sorted(RULES.values(), key=lambda rule: rule.id)
        ]
        return [draw(Table(["rule", "clause", "if not", "what holds"], rows))]


class ProcessIndex(SphinxDirective):
    """`{process-index}`: the functions of the literal decoder in the order of its modules."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        rows: list[list[Cell]] = [
            [
                [reference("process", f"{s.module}-{s.name}", s.name, literal=True)],
                code(s.module),
                [reference("clause", s.clause, s.clause)],
            ]
            for s in process_sources(declarations.PROCESS)
        ]
        return [draw(Table(["function", "module", "clause"], rows, ["narrow"]))]
