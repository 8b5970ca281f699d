"""Builds the document: `python spec/document [OUT]`; `python spec/document examples` rewrites the
example streams from their descriptions.

OUT (default spec/document/_build) gets `site/`, the searchable pages, and `print/index.html`, all
of it on one page with a style sheet for paper.
"""

import importlib
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent


def build(out: Path) -> int:
    """Both forms, with every warning an error; returns the exit status."""
    from sphinx.cmd.build import build_main  # noqa: PLC0415  not needed for the examples

    common = ["-W", "-n", "--keep-going", "-q", str(HERE)]
    status = build_main(["-b", "html", "-d", str(out / "doctrees"), *common, str(out / "site")])
    if status == 0:
        single = ["-b", "singlehtml", "-t", "print", "-d", str(out / "doctrees-print")]
        status = build_main([*single, *common, str(out / "print")])
    for folder in ("doctrees", "doctrees-print"):
        shutil.rmtree(out / folder, ignore_errors=True)
    return status


def write_examples() -> int:
    """The streams of `examples/` and their manifest."""
    sys.path.insert(0, str(HERE))
    writing = importlib.import_module("_ext.writing")
    writing.write_all(writing.ALL)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["examples"]:
        sys.exit(write_examples())
    sys.exit(build(Path(*sys.argv[1:2]) if sys.argv[1:] else HERE / "_build"))
