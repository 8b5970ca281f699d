"""README.md: what it shows is what is checked."""

import re
import subprocess
from pathlib import Path

import pytest

from nnref.tools.cli import app
from nnref.tools.cli.failures import INTERNAL, STATUS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(marker, language):
    found = re.search(rf"<!-- {marker} -->\n```{language}\n(.*?)```\n", README, re.DOTALL)
    assert found is not None, marker
    return found[1]


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_command_that_ci_runs_is_the_readers(name):
    printed = subprocess.run(
        [ROOT / ".ci" / "readme-command", name], capture_output=True, text=True, check=True
    ).stdout
    assert printed == block(f"command: {name}", "sh")
    assert printed.count("\n") == 1
    assert '.ci/readme-command "$name"' in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["python", "parameters", "updates", "batch norms"])
def test_python_example_runs(name):
    exec(compile(block(f"example: {name}", "python"), "README.md", "exec"), {})


def test_every_command_is_mentioned():
    assert all(f"nnref {name}" in README for name in app.COMMANDS)


def test_every_exit_status_is_explained():
    statuses = {*STATUS.values(), INTERNAL}
    text = README[README.index("Exit status:") :].replace("\n", " ")
    assert statuses <= {int(number) for number in re.findall(r"[ ,;](\d+) [a-z]", text[:500])}


def test_files_of_the_repository_that_are_named_exist():
    for name in re.findall(r"`([a-z]+/|[A-Z]+\.md|LICENSE|\.ci/\w+)`", README):
        assert (ROOT / name).exists(), name
