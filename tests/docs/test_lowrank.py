"""docs/methods/lowrank.md: the example is what the codec does, and its commands exist."""

import re
from pathlib import Path

from nnref.tools.cli import app

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "methods" / "lowrank.md").read_text(encoding="utf-8")


def test_filters_of_the_example_are_found():
    block = re.search(r"<!-- example: rank -->\n```python\n(.*?)```\n", TEXT, re.DOTALL)
    assert block is not None
    exec(compile(block[1], "docs/methods/lowrank.md", "exec"), {})


def test_every_option_of_the_page_is_known(capsys):
    known = ""
    for command in (["encode"], ["decode"], ["experiment", "lowrank"]):
        assert app.run([*command, "--help"]) == 0
        known += capsys.readouterr().out
    options = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", TEXT))
    assert {"--kernel-rank", "--kernel-error", "--as-coded", "--runtime"} <= options
    assert not [option for option in options if option not in known]


def test_files_that_the_checklist_names_are_there():
    for path in re.findall(r"`(tests/[\w/]+\.py)`", TEXT):
        assert (ROOT / path).is_file(), path
