"""The Sphinx domain of the document: clauses, elements, structures, rules, ledger entries.

Pages refer to them by roles, the search finds them, and the checks ask what was shown.
"""

import re
from collections.abc import Iterator, Set
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole
from sphinx.util.nodes import make_refnode

from .markup import DOMAIN, anchor, reference

KINDS = {
    "clause": "clause",
    "element": "syntax element",
    "structure": "syntax structure",
    "row": "row of a syntax table",
    "rule": "rule",
    "enum": "enumeration",
    "table": "table",
    "process": "function of the literal decoder",
    "entry": "ledger entry",
    "example": "worked example",
}
_SECTION = re.compile(r"(?:Annex ([A-E])|([A-E]\.\d[\d.]*|\d+(?:\.\d+)*))\s+(.+)")
_ENTRY = re.compile(r"([A-Z]-\d\d)\b")


class NnrefDomain(Domain):
    """Objects of the specification by kind and name."""

    name = DOMAIN
    label = "nnref"
    object_types = {kind: ObjType(text, kind) for kind, text in KINDS.items()}  # noqa: RUF012
    initial_data = {"objects": {}, "repeated": [], "semantics": {}}  # noqa: RUF012
    data_version = 2

    @property
    def objects(self) -> dict[tuple[str, str], tuple[str, str, str]]:
        """(kind, name) -> (docname, anchor, title)."""
        found: dict[tuple[str, str], tuple[str, str, str]] = self.data["objects"]
        return found

    def names(self, kind: str) -> dict[str, str]:
        """Names and titles of all objects of a kind."""
        return {name: v[2] for (k, name), v in self.objects.items() if k == kind}

    def note(self, kind: str, name: str, docname: str, title: str = "") -> str:
        """Record an object at its place; returns its anchor."""
        identifier = anchor(kind, name)
        place = self.objects.get((kind, name))
        if place is not None:
            self.data["repeated"].append((kind, name, docname))
        self.objects[kind, name] = (docname, identifier, title or name)
        return identifier

    def clear_doc(self, docname: str) -> None:
        """Forget what a page defined, before it is read again."""
        for key in [k for k, v in self.objects.items() if v[0] == docname]:
            del self.objects[key]
        self.data["repeated"] = [r for r in self.data["repeated"] if r[2] != docname]

    def process_doc(
        self,
        env: BuildEnvironment,  # noqa: ARG002
        docname: str,
        document: nodes.document,
    ) -> None:
        """Give sections that carry a clause number or a ledger id their stable anchors."""
        for section in document.findall(nodes.section):
            title = section[0].astext()
            entry = _ENTRY.match(title)
            clause = _SECTION.fullmatch(title)
            if entry:
                identifier = self.note("entry", entry[1], docname, title)
            elif clause:
                identifier = self.note("clause", clause[1] or clause[2], docname, clause[3])
                self.note_semantics(section, clause[1] or clause[2])
            else:
                continue
            section["ids"] = [identifier]

    def note_semantics(self, section: nodes.section, clause: str) -> None:
        """Remember the clause of the element entries that stand in this very section."""
        for node in section.children:
            if isinstance(node, nodes.container) and "element" in node["classes"]:
                self.data["semantics"][node["element"]] = clause

    def resolve_xref(
        self,
        env: BuildEnvironment,  # noqa: ARG002
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,  # noqa: ARG002
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """The link to an object, or None when there is none: a warning follows."""
        if (typ, target) not in self.objects:
            return None
        docname, identifier, title = self.objects[typ, target]
        return make_refnode(builder, fromdocname, docname, identifier, contnode, title)

    def resolve_any_xref(self, *_: Any) -> list[tuple[str, nodes.reference]]:
        """No `any` role is used."""
        return []

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """What the search finds by name."""
        for (kind, name), (docname, identifier, _) in sorted(self.objects.items()):
            if kind in ("element", "structure", "rule", "enum", "table"):
                yield name, name, kind, docname, identifier, 0 if kind == "element" else 1

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """Take over what another reading process has found."""
        for key, place in otherdata["objects"].items():
            if place[0] in docnames:
                self.objects[key] = place
        self.data["semantics"] |= otherdata["semantics"]
        self.data["repeated"] += [r for r in otherdata["repeated"] if r[2] in docnames]


class ObjectRole(SphinxRole):
    """{el}`dq_flag`, {cl}`9.3.2`, {rule}`codebook-empty`: a link to an object of one kind."""

    def __init__(self, kind: str, *, literal: bool) -> None:
        super().__init__()
        self.kind = kind
        self.literal = literal

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """The link; an element's subscript is shown but is no part of its name."""
        target = self.text.split("[")[0] if self.kind == "element" else self.text
        text = clause_text(target) if self.kind == "clause" else self.text
        return [reference(self.kind, target, text, literal=self.literal)], []


def clause_text(clause: str) -> str:
    """How a clause is referred to: `clause 9.3`, `Annex B`."""
    return f"Annex {clause}" if clause.isalpha() else f"clause {clause}"


ROLES = {
    "cl": ObjectRole("clause", literal=False),
    "el": ObjectRole("element", literal=True),
    "st": ObjectRole("structure", literal=True),
    "rule": ObjectRole("rule", literal=True),
    "enumeration": ObjectRole("enum", literal=True),
    "tab": ObjectRole("table", literal=False),
    "entry": ObjectRole("entry", literal=False),
    "ex": ObjectRole("example", literal=False),
}
