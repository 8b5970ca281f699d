"""The `nnref` command: help, usage errors, and what is not imported."""

import subprocess
import sys
from importlib import import_module

import pytest

from nnref.tools.cli import app, conformance, experiment
from nnref.tools.cli.failures import BROKEN_PIPE, GOOD, INTERNAL, INTERRUPTED, STATUS

HEAVY = {"ml_dtypes", "numba", "numpy", "rich", "safetensors", "sklearn", "torch"}


def python(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, **options
    )


def nnref(*arguments, **options):
    return python("-m", "nnref.tools.cli", *arguments, **options)


def test_help_lists_every_command(capsys):
    assert app.run(["--help"]) == 0
    out = capsys.readouterr().out
    listed = out.split("Exit status:")[1]
    for status in {GOOD, *STATUS.values(), INTERNAL, INTERRUPTED, BROKEN_PIPE}:
        assert f" {status} " in listed
    for name, entry in app.COMMANDS.items():
        assert name in out
        assert entry.summary in out


GROUPS = {"conformance": conformance, "experiment": experiment}
LEAVES = {(name,): entry for name, entry in app.COMMANDS.items() if name not in GROUPS} | {
    (group, name): entry for group in GROUPS for name, entry in GROUPS[group].COMMANDS.items()
}


@pytest.mark.parametrize("names", LEAVES, ids=" ".join)
def test_every_command_helps_itself(names, capsys):
    assert app.run([*names, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: nnref {' '.join(names)} ")
    assert "--json" in out


@pytest.mark.parametrize("entry", [*LEAVES.values(), *(app.COMMANDS[name] for name in GROUPS)])
def test_summary_of_a_command_opens_its_own_help(entry):
    assert import_module(entry.module).command.help.startswith(entry.summary.rstrip("."))


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_a_group_lists_its_commands(group, capsys):
    assert app.run([group, "--help"]) == 0
    out = capsys.readouterr().out
    assert all(entry.summary in out for entry in GROUPS[group].COMMANDS.values())


@pytest.mark.parametrize("arguments", [["--help"], ["encode", "--help"], ["inspect", "--help"]])
def test_help_imports_nothing_heavy(arguments):
    program = (
        "import sys; from nnref.tools.cli.app import run; status = run(sys.argv[1:]); "
        f"assert status == 0; print(sorted({HEAVY!r} & sys.modules.keys()))"
    )
    assert python("-c", program, *arguments).stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments", [[], ["frobnicate"], ["--frob"], ["decode"], ["encode", "a", "--qp", "much"]]
)
def test_wrong_command_line_is_one_line_and_status_2(arguments, capsys):
    assert app.run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("nnref: error[usage]: ")
    assert "--help" in err


def test_version_is_printed():
    result = nnref("--version")
    assert (result.returncode, result.stdout) == (0, "nnref 0.1.0\n")


def test_script_ends_with_the_exit_status_of_the_run():
    result = nnref("frobnicate")
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--help"], ["inspect"], ["inspect", "--json"]])
def test_reader_that_goes_away_is_no_error(arguments, stream):
    if "inspect" in arguments:
        arguments = [*arguments, stream]
    with subprocess.Popen(
        [sys.executable, "-m", "nnref.tools.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
