"""Reports of a run as files: JSON, JUnit XML, HTML, Markdown."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from nnref.codec.model import atomic_write
from nnref.conformance.runner.reports.junit import junit_text
from nnref.conformance.runner.reports.markdown import markdown_text
from nnref.conformance.runner.reports.page import page_text
from nnref.conformance.runner.run import Report
from nnref.spec.errors import refusal


def json_text(report: Report) -> str:
    """The JSON report."""
    return json.dumps(report.as_dict(), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


FORMS: Final[Mapping[str, Callable[[Report], str]]] = {
    ".json": json_text,
    ".xml": junit_text,
    ".html": page_text,
    ".md": markdown_text,
}


def check_report_path(path: Path) -> None:
    """Raises UsageError setting-unknown when no report has such a name."""
    if path.suffix not in FORMS:
        raise refusal("setting-unknown", f"{path}: a report is {', '.join(FORMS)}")


def write_report(report: Report, path: Path) -> None:
    """Write a report; the suffix of its name chooses the form.

    Raises UsageError setting-unknown, FileError file-write.
    """
    check_report_path(path)
    with atomic_write(path) as file:
        file.write(FORMS[path.suffix](report).encode())


__all__ = [
    "check_report_path",
    "json_text",
    "junit_text",
    "markdown_text",
    "page_text",
    "write_report",
]
