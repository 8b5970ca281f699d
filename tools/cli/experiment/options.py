"""What the commands of `nnref experiment` have in common: networks, evaluation, report."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    from nnref.tools.experiments.measuring import Metrics

Command = Callable[..., Any]

_FOLDER: Final = click.Path(path_type=Path, file_okay=False)
_SECONDS: Final = 600.0
"""That one evaluation may take."""

_OPTIONS: Final = (
    click.option(
        "--data", type=_FOLDER, required=True, help="Folder with safetensors files below it."
    ),
    click.option("--out", type=_FOLDER, required=True, help="Folder of the points and the report."),
    click.option("--network", "names", multiple=True, help="Only this one; may be given again."),
    quiet_option,
    json_option,
)
_EVALUATE: Final = click.option(
    "--evaluate",
    metavar="CMD",
    help="Command whose last line is the task metric; {model} and {network} are put in.",
)


def common_options(command: Command) -> Command:
    """`--data`, `--out`, `--network`, `--quiet`, `--json`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def experiment_options(command: Command) -> Command:
    """The common ones and `--evaluate`."""
    return common_options(_EVALUATE(command))


def chosen_networks(data: Path, names: Iterable[str]) -> dict[str, Path]:
    """The networks of a folder, or those of the names. Raises UsageError usage."""
    from nnref.tools.bench.equal_quality import networks  # noqa: PLC0415  loads numba

    found: Mapping[str, Path] = networks(data)
    for name in names:
        if name not in found:
            raise refusal("usage", f"--network {name!r}: one of {', '.join(found)}")
    return {name: found[name] for name in names or found}


def evaluation(evaluate: str | None, name: str, path: Path) -> "tuple[Metrics | None, str]":
    """What a network is worth, and the command that says so. Raises UsageError usage."""
    from nnref.tools.cli.evaluation import CommandEvaluation  # noqa: PLC0415  loads numba

    if not evaluate:
        return None, ""
    own = evaluate.replace("{network}", name)
    return CommandEvaluation(own, str(path), _SECONDS).metrics, own


def teller(quiet: bool) -> Callable[[str], None]:
    """Tells progress on standard error, or nobody."""
    return (lambda _: None) if quiet else lambda words: click.echo(words, err=True)


def write_report(out: Path, text: str) -> Path:
    """`report.md` in the folder. Raises FileError file-write."""
    report = out / "report.md"
    try:
        report.write_text(text, "utf-8")
    except OSError as failure:
        raise refusal("file-write", str(failure)) from failure
    return report
