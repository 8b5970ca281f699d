"""`nnref experiment lnq`: LNQ beside other quantizers, on networks of a folder."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json

if TYPE_CHECKING:
    from nnref.tools.experiments.lnq import TestResult

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(short_help="Local non-linear quantization beside others.")
@click.option("--data", type=_FOLDER, required=True, help="Folder with safetensors files below it.")
@click.option("--out", type=_FOLDER, required=True, help="Folder of the points and the report.")
@click.option("--network", "names", multiple=True, help="Only this one; may be given again.")
@click.option("--sqnr", "qualities", type=float, multiple=True, help="Quality in dB, again.")
@click.option(
    "--sparsity",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.8,
    show_default=True,
    help="Of Test 2.",
)
@click.option(
    "--evaluate",
    metavar="CMD",
    help="Command whose last line is the task metric; {model} and {network} are put in.",
)
@click.option("--ablation/--no-ablation", default=True, help="Published mode switch by switch.")
@click.option(
    "--peer-python",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Python of the virtual environment of NNCodec, for its rows.",
)
@click.option(
    "--pictures/--no-pictures",
    default=False,
    help="SVG files of curves, units, levels and bits (extra experiments).",
)
@quiet_option
@json_option
def command(
    data: Path,
    out: Path,
    names: tuple[str, ...],
    qualities: tuple[float, ...],
    sparsity: float,
    evaluate: str | None,
    ablation: bool,
    peer_python: Path | None,
    pictures: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Local non-linear quantization beside others.

    Every network of --data is coded as it is (Test 1) and pruned (Test 2) by every method at
    several qualities. `points.jsonl` in --out keeps what was measured, `report.md` has the tables.
    """
    from nnref.conformance.interop.client import Peer  # noqa: PLC0415  these load numba
    from nnref.tools.bench.equal_quality import networks  # noqa: PLC0415
    from nnref.tools.cli.evaluation import CommandEvaluation  # noqa: PLC0415
    from nnref.tools.experiments.ablation import VARIANTS  # noqa: PLC0415
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415
    from nnref.tools.experiments.lnq import QUALITIES, Experiment  # noqa: PLC0415
    from nnref.tools.experiments.report import markdown  # noqa: PLC0415
    from nnref.tools.experiments.rows import URQ, methods  # noqa: PLC0415

    found = networks(data)
    for name in names:
        if name not in found:
            raise refusal("usage", f"--network {name!r}: one of {', '.join(found)}")
    journal = Journal(out / "points.jsonl")
    results: list[TestResult] = []
    with ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, timeout=600.0)) if peer_python else None
        experiment = Experiment(
            journal,
            methods(peer),
            qualities or QUALITIES,
            sparsity,
            VARIANTS if ablation else {},
            tell=(lambda _: None) if quiet else lambda words: click.echo(words, err=True),
        )
        for name in names or found:
            own = evaluate.replace("{network}", name) if evaluate else ""
            metrics = CommandEvaluation(own, str(found[name]), 600.0).metrics if own else None
            results += experiment.run(name, found[name], metrics, own)
    drawn: dict[str, list[str]] = {}
    if pictures:
        for each in results:
            drawn |= _draw(each, found[each.network], experiment.qualities, out)
    report = out / "report.md"
    try:
        report.write_text(markdown(results, URQ, "nnref experiment lnq", drawn), "utf-8")
    except OSError as failure:
        raise refusal("file-write", str(failure)) from failure
    if as_json:
        found_now = {"report": str(report), "measured": journal.measured}
        print_json("nnref.experiment.lnq/1", found_now | {"networks": list(names or found)})
    elif not quiet:
        click.echo(f"{report}: {journal.measured} points measured now")


def _draw(
    result: "TestResult", path: Path, qualities: tuple[float, ...], out: Path
) -> dict[str, list[str]]:
    """Paths beside the report by title; streams are those of the middle quality."""
    from nnref.tools.experiments.lnq import coded_network  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.pictures import (  # noqa: PLC0415
        draw_bits,
        draw_curves,
        draw_stream,
    )
    from nnref.tools.experiments.rows import BEST, OWN, PUBLISHED  # noqa: PLC0415

    name = f"{result.network}, {100 * result.sparsity:g} % pruned"
    folder = out / "pictures" / f"{result.network}-{100 * result.sparsity:g}"
    drawn = {f"{name}, curves": [folder / "curves.svg"]}
    draw_curves(result, folder / "curves.svg")
    model, middle = coded_network(path, result.sparsity), len(qualities) // 2
    for row in (PUBLISHED, BEST):
        below = folder / row.replace(" ", "-")
        title = f"{name}, {row} at {qualities[middle]:g} dB"
        drawn[title] = list(draw_stream(OWN[row].code(model, qualities[middle]).stream, below))
        if drawn[title]:
            draw_bits(result.points[row][middle]["bits"], below / "bits.svg")
            drawn[title].append(below / "bits.svg")
    return {
        title: [each.relative_to(out).as_posix() for each in paths]
        for title, paths in drawn.items()
    }
