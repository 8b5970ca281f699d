"""Command line of the interoperability run.

Exit status: 0 when every difference is explained by a known defect of NNCodec, 6 otherwise.
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from nnref.conformance.interop.chains import compare_chain, random_chain_case
from nnref.conformance.interop.client import Peer
from nnref.conformance.interop.comparison import compare_case
from nnref.conformance.interop.defects import provoking_cases
from nnref.conformance.interop.environment import default_folder, peer_python
from nnref.conformance.interop.models import random_case
from nnref.conformance.interop.report import Report, markdown, print_report
from nnref.conformance.interop.tool_cases import random_tool_case
from nnref.conformance.interop.tools import compare_tool
from nnref.spec.errors import NnrError


def run(python: Path, models: int, chains: int, tools: int, seed: int, console: Console) -> Report:
    """Compare random models, those that provoke the known defects, random update chains, and
    random models for the coding tools in turn.
    """
    with Peer(python) as peer:
        described = peer.call("describe").values
        versions = {
            "nnref": version("nnref"),
            "NNCodec": described["nncodec"],
            "Python": platform.python_version(),
        }
        report = Report(versions, models, chains, tools, seed)
        for index in track(range(models), "comparing", console=console, transient=True):
            report.outcomes += compare_case(random_case(seed, index), peer)
        for index in track(range(chains), "updating", console=console, transient=True):
            report.outcomes += compare_chain(random_chain_case(seed, index), peer)
        for index in track(range(tools), "tools", console=console, transient=True):
            report.outcomes += compare_tool(random_tool_case(seed, index), index, peer)
        for made_for, case in provoking_cases():
            report.provoked += [(made_for, outcome) for outcome in compare_case(case, peer)]
    return report


@click.command(help=__doc__)
@click.option(
    "--venv",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_folder,
    help="Virtual environment with NNCodec 2.1.3; made if there is none.",
)
@click.option("--models", type=click.IntRange(1), default=240, show_default=True)
@click.option("--chains", type=click.IntRange(0), default=120, show_default=True)
@click.option("--tools", type=click.IntRange(0), default=260, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write all outcomes.")
@click.option("--markdown", "markdown_path", type=click.Path(path_type=Path), help="Write a page.")
def main(
    venv: Path,
    models: int,
    chains: int,
    tools: int,
    seed: int,
    json_path: Path | None,
    markdown_path: Path | None,
) -> None:
    """Run, report, and exit."""
    messages = Console(stderr=True)
    try:
        python = peer_python(venv, messages.print)
    except NnrError as error:
        messages.print(f"nnref: error[{error.id}]: {error}", markup=False)
        sys.exit(7)
    report = run(python, models, chains, tools, seed, messages)
    print_report(report, Console())
    if json_path:
        json_path.write_text(json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n")
    if markdown_path:
        markdown_path.write_text(markdown(report))
    sys.exit(6 if report.diverged else 0)


if __name__ == "__main__":
    main()
