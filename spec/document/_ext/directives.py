"""The directives of the document: what is generated instead of written."""

import re
from collections.abc import Iterable
from typing import Final

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from sphinx.util.logging import getLogger

from nnref.spec.syntax.describe import ELEMENT, Row
from nnref.spec.tables import enums

from . import declarations, tables
from .citations import Source, process_sources
from .domain import NnrefDomain
from .markup import DOMAIN, Cell, Table, code, draw, paragraph, reference

logger = getLogger(__name__)

DESCRIPTOR_CLAUSES: Final = {
    "u": "5.1",
    "i": "5.2",
    "ue": "5.3",
    "ie": "5.4",
    "flt": "5.5",
    "st": "5.6",
    "bs": "5.7",
}


class DocumentDirective(SphinxDirective):
    """A directive of one argument that knows the domain."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    @property
    def argument(self) -> str:
        """The argument without surrounding white space."""
        return str(self.arguments[0]).strip()

    def note(self, kind: str, name: str, title: str = "") -> str:
        """Record that this page shows an object; returns its anchor."""
        domain = self.env.get_domain(DOMAIN)
        assert isinstance(domain, NnrefDomain)
        return domain.note(kind, name, self.env.docname, title)

    def missing(self, what: str) -> list[nodes.Node]:
        """Nothing to show is a warning, and so an error of the build."""
        logger.warning("%s %r: nothing to show", what, self.argument, location=self.get_location())
        return []

    def caption(self) -> list[nodes.Node]:
        """The directive's content as the paragraph above a table."""
        container = nodes.container(classes=["caption"])
        self.state.nested_parse(self.content, self.content_offset, container)
        return [container] if self.content else []


class SyntaxTable(DocumentDirective):
    """`{syntax-table} 6.4`: the tables of all structures of a clause."""

    def run(self) -> list[nodes.Node]:
        """One table per structure."""
        found = declarations.structures_of(self.argument)
        if not found:
            return self.missing("syntax-table")
        return [node for title, rows in found.items() for node in self.table(title, rows)]

    def table(self, structure: str, rows: Iterable[Row]) -> Iterable[nodes.Node]:
        """The title with its anchor, and the table."""
        anchor = self.note("structure", structure)
        title = nodes.paragraph(classes=["structure-title"], ids=[anchor])
        title += code(structure)
        yield title
        ids, cells = [], []
        noted: set[str] = set()
        for row in rows:
            name = f"{structure}.{row.element}"
            ids.append("" if name in noted else self.note("row", name))
            noted.add(name)
            cells.append([syntax_cell(row), [descriptor_node(row)], linked(row.condition)])
        yield draw(Table(["syntax", "descriptor", "present if"], cells, ["syntax"], row_ids=ids))


def syntax_cell(row: Row) -> Cell:
    """The element, the structure in its place, or the variable, with its repetition."""
    name = row.element
    if declarations.is_variable(row):
        link = reference("element", name, name)
        return [nodes.emphasis("", "", link), " = ", *linked(row.inference)]
    inner = declarations.substructure(row)
    subscript = "[j]" if row.count else ""
    if not inner:
        shown = f"{name}{subscript}"
    else:
        shown = inner if inner == f"{name}()" else f"{name}{subscript}: {inner}"
    link = reference("structure" if inner else "element", inner or name, shown, literal=True)
    return [link, "  for j < ", *linked(row.count)] if row.count else [link]


def descriptor_node(row: Row) -> nodes.Node:
    """The descriptor, linked to its clause."""
    clause = DESCRIPTOR_CLAUSES.get(row.descriptor.split("(")[0])
    if row.kind != ELEMENT or clause is None:
        return nodes.Text("")
    return reference("clause", clause, row.descriptor)


def linked(expression: str) -> list[str | nodes.Node]:
    """An expression in which element names are links to their semantics."""
    parts: list[str | nodes.Node] = []
    known = declarations.element_names()
    last = 0
    for match in declarations.IDENTIFIER.finditer(expression):
        if match[0] in known:
            parts += [expression[last : match.start()], reference("element", match[0], match[0])]
            last = match.end()
    return [*parts, expression[last:]]


class ElementEntry(DocumentDirective):
    """`{element} dq_flag`: the semantics of an element; the content is its prose."""

    def run(self) -> list[nodes.Node]:
        """Name, descriptor and places in one line, then range, inference and prose."""
        name = self.argument
        if not self.content:
            return self.missing("element")
        head = nodes.paragraph(classes=["element-head"], ids=[self.note("element", name)])
        head += nodes.strong("", "", code(name))
        for part in self.places(name):
            head += nodes.Text(part) if isinstance(part, str) else part
        body = nodes.container(classes=["element-body"])
        self.state.nested_parse(self.content, self.content_offset, body)
        for label, value in facts(name):
            line = paragraph([nodes.inline(label, label, classes=["label"]), " ", *linked(value)])
            line["classes"].append("fact")
            body += line
        return [nodes.container("", head, body, classes=["element"], element=name)]

    def places(self, name: str) -> list[str | nodes.Node]:
        """Descriptor and the tables or functions the element is read by."""
        parts: list[str | nodes.Node] = []
        coded = declarations.coded_elements().get(name)
        if coded:
            where = reference("clause", coded.clause, f"clause {coded.clause}")
            parts += [f"  {coded.coding}, ", where]
        for row in declarations.rows_of(name):
            target = f"{row.structure}.{name}"
            table = reference("row", target, row.structure)
            parts += ["  ", descriptor_node(row), " in " if row.kind == ELEMENT else "in ", table]
        return parts


def facts(name: str) -> list[tuple[str, str]]:
    """What the declarations say about values: (label, expression), each once."""
    found: list[tuple[str, str]] = []
    for row in declarations.rows_of(name):
        absent = "" if declarations.is_variable(row) else row.inference
        holds = [(f"{c.text}", c.rule) for c in row.constraints]
        for label, value in (
            ("Value:" if declarations.is_variable(row) else "Values:", value_text(row)),
            ("When absent:", absent),
            *(("Required:", f"{text}  ({rule})") for text, rule in holds),
        ):
            if value and (label, value) not in found:
                found.append((label, value))
    return found


def value_text(row: Row) -> str:
    """Allowed values where the descriptor has others, or what a variable is computed from."""
    if declarations.is_variable(row):
        return row.inference
    return "" if row.values in full_ranges(row.descriptor) else row.values


def full_ranges(descriptor: str) -> tuple[str, ...]:
    """How a range is written that says no more than the descriptor u(n) or i(n)."""
    match = re.fullmatch(r"([ui])\((\d+)\)", descriptor)
    if match is None:
        return ()
    bits = int(match[2])
    if match[1] == "i":
        return (f"{-(1 << bits - 1)}..{(1 << bits - 1) - 1}",)
    return f"0..{(1 << bits) - 1}", f"0..2^{bits} - 1"


class Enumeration(DocumentDirective):
    """`{enum} PayloadType`: values and names."""

    def run(self) -> list[nodes.Node]:
        """The table; its source's docstring tells the reserved ranges."""
        name = self.argument
        if name not in tables.ENUMS:
            return self.missing("enum")
        remark = " ".join((getattr(enums, name).__doc__ or "").split()).partition(": ")[2]
        title = nodes.paragraph(classes=["structure-title"], ids=[self.note("enum", name)])
        title += [code(name), nodes.inline("", f"  {remark}", classes=["remark"])]
        return [title, draw(tables.enumeration(name))]


class ConstantTable(DocumentDirective):
    """`{table} RANGE_LPS`: a table of constants; the content is its caption."""

    def run(self) -> list[nodes.Node]:
        """The table with its anchor."""
        name = self.argument
        if name not in tables.TABLES:
            return self.missing("table")
        target = nodes.target("", "", ids=[self.note("table", name)])
        return [target, *self.caption(), draw(tables.TABLES[name]())]


class Rules(DocumentDirective):
    """`{rules} 7.8.1`: the rules of a clause."""

    def run(self) -> list[nodes.Node]:
        """The table, an anchor per rule."""
        found = tables.rules_of(self.argument)
        if not found:
            return self.missing("rules")
        for rule in found:
            self.note("rule", rule.id, rule.text)
        return [draw(tables.rules(self.argument))]


class Process(DocumentDirective):
    """`{process} 9.3.2`: the functions of the literal decoder that state a clause."""

    def run(self) -> list[nodes.Node]:
        """Their sources, file by file."""
        found = [s for s in process_sources(declarations.PROCESS) if s.clause == self.argument]
        if not found:
            return self.missing("process")
        for source in found:
            self.env.note_dependency(str(declarations.PROCESS / source.module))
        shown = nodes.container(classes=["process"])
        for source in found:
            shown += self.listing(source)
        return [shown]

    def listing(self, source: Source) -> list[nodes.Node]:
        """One function: what and where it is, and its text."""
        anchor = self.note("process", f"{source.module}-{source.name}")
        head = nodes.paragraph(classes=["process-head"], ids=[anchor])
        head += [code(source.name), nodes.Text(f"  spec/process/{source.module}")]
        return [head, nodes.literal_block(source.text, source.text, language="python")]
