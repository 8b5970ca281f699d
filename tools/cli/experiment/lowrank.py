"""`nnref experiment lowrank`: text 001 on networks of a folder."""

from pathlib import Path

import click

from nnref.tools.cli.experiment.options import (
    chosen_networks,
    evaluation,
    experiment_options,
    teller,
    write_report,
)
from nnref.tools.cli.output import print_json


@click.command(short_help="Kernels as vertical and horizontal filters (text 001).")
@experiment_options
@click.option(
    "--row", "rows", multiple=True, help="Only the rows that begin so; may be given again."
)
@click.option(
    "--runtime",
    "edge",
    type=click.IntRange(8, 4096),
    metavar="N",
    help="Time the convolutions on pictures of N x N (extra torch).  [default: not]",
)
@click.option(
    "--retrain/--no-retrain",
    default=False,
    help="Retrain the demo's network on its factors, too (extras torch and demo).",
)
@click.option(
    "--pictures/--no-pictures", default=False, help="SVG files of the curves (extra experiments)."
)
def command(
    data: Path,
    out: Path,
    names: tuple[str, ...],
    evaluate: str | None,
    rows: tuple[str, ...],
    edge: int | None,
    retrain: bool,
    pictures: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Kernels as vertical and horizontal filters (text 001).

    Every network of --data with low-rank kernels in the layers of the text, in all layers and where
    they pay, coded and not. `points.jsonl` in --out keeps what was measured, `report.md` has the
    tables: sizes of the file and in memory, multiplications, time, and task metrics.
    """
    from nnref.codec.model.torch_file import import_torch  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.document import markdown  # noqa: PLC0415
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415
    from nnref.tools.experiments.low_rank import Seconds, measured  # noqa: PLC0415
    from nnref.tools.experiments.low_rank_report import blocks, draw  # noqa: PLC0415

    journal = Journal(out / "points.jsonl")
    seconds: Seconds | None = None
    if edge is not None:
        from nnref.tools.experiments.low_rank_runtime import LayerSeconds  # noqa: PLC0415

        seconds = LayerSeconds(import_torch(out), edge, journal)
    results = {
        name: measured(
            name,
            path,
            journal,
            *evaluation(evaluate, name, path),
            seconds,
            teller(quiet),
            rows or ("",),
        )
        for name, path in chosen_networks(data, names).items()
    }
    drawn = {}
    if pictures:
        for name, points in results.items():
            drawn[name] = out / "pictures" / f"{name}.svg"
            draw(points, drawn[name])
    again = []
    if retrain:
        from nnref.tools.experiments.low_rank_retrained import retrained  # noqa: PLC0415

        again = retrained(import_torch(out), journal)
    text = markdown(blocks(results, "nnref experiment lowrank", drawn, again), out)
    report = write_report(out, text)
    if as_json:
        found = {"report": str(report), "measured": journal.measured, "networks": list(results)}
        print_json("nnref.experiment.lowrank/1", found)
    elif not quiet:
        click.echo(f"{report}: {journal.measured} points measured now")
