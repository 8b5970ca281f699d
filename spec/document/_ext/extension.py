"""Sphinx extension of the specification document: generated tables, cross references, checks."""

from pathlib import Path
from typing import Any, Final

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.logging import getLogger

from nnref.spec.tables.clauses import CLAUSES
from nnref.spec.tables.rules import RULES

from . import checks, declarations, directives, examples, indexes, tables, worked
from .citations import citations, process_sources
from .domain import ROLES, NnrefDomain
from .markup import DOMAIN

logger = getLogger(__name__)

CITING_FOLDERS: Final = ("spec", "codec", "conformance", "tools")
DIRECTIVES: Final = {
    "syntax-table": directives.SyntaxTable,
    "element": directives.ElementEntry,
    "enum": directives.Enumeration,
    "table": directives.ConstantTable,
    "rules": directives.Rules,
    "process": directives.Process,
    "example": examples.Example,
    "stream": examples.Stream,
    "element-index": indexes.ElementIndex,
    "coded-elements": indexes.CodedElements,
    "rule-index": indexes.RuleIndex,
    "process-index": indexes.ProcessIndex,
}


def problems(domain: NnrefDomain, root: Path) -> list[str]:
    """Everything the document lacks, by the checks of `checks`."""
    process = {f"{s.module}-{s.name}" for s in process_sources(declarations.PROCESS)}
    shown = {kind: domain.names(kind) for kind in domain.object_types}
    return [
        *checks.clauses_without_section(CLAUSES, shown["clause"]),
        *checks.unknown_citations(CLAUSES, citations(root, CITING_FOLDERS, (".py", ".md"))),
        *checks.elements_without_semantics(declarations.element_names(), shown["element"]),
        *checks.semantics_elsewhere(declarations.semantics(), domain.data["semantics"]),
        *checks.not_shown("rule", RULES, shown["rule"]),
        *checks.not_shown("structure", declarations.structures(), shown["structure"]),
        *checks.not_shown("enumeration", tables.ENUMS, shown["enum"]),
        *checks.not_shown("table", tables.TABLES, shown["table"]),
        *checks.not_shown("function of the literal decoder", sorted(process), shown["process"]),
        *checks.not_shown("example", worked.names(), shown["example"]),
        *(f"{kind} {name} is shown more than once" for kind, name, _ in domain.data["repeated"]),
    ]


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """Every problem is a warning; the build runs with warnings as errors."""
    domain = env.get_domain(DOMAIN)
    assert isinstance(domain, NnrefDomain)
    for problem in problems(domain, Path(app.srcdir).parent.parent):
        logger.warning(problem, type="nnref")


def one_page(app: Sphinx, doctree: nodes.document, _: str) -> None:
    """On a single page a link names the anchor alone, not the former page and the anchor."""
    if app.builder.name == "singlehtml":
        for link in doctree.findall(nodes.reference):
            page, _, anchor = link.get("refuri", "").rpartition("#")
            if page.startswith("#"):
                link["refuri"] = f"#{anchor}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register domain, roles, directives and the check."""
    app.add_domain(NnrefDomain)
    for name, role in ROLES.items():
        app.add_role(name, role)
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    app.connect("env-check-consistency", check)
    app.connect("doctree-resolved", one_page)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
