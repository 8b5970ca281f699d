"""`nnref experiment video`: text 000 on networks of a folder."""

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


@click.command(short_help="Weights as pictures of HEVC (text 000).")
@experiment_options
@click.option(
    "--row",
    "rows",
    metavar="PATTERN",
    multiple=True,
    default=["*"],
    help="Only the rows that it matches, as in 'all QP *'; may be given again.  [default: *]",
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
    pictures: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Weights as pictures of HEVC (text 000).

    Every network of --data with its fully connected layers, and with all layers, as pictures:
    without loss and with several QPs, in several layouts and depths; beside it integers in xz,
    pruned filters, and the standard's quantization. `points.jsonl` in --out keeps what was
    measured, `report.md` has the tables. It needs the extra video.
    """
    from nnref.tools.experiments.document import markdown  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415
    from nnref.tools.experiments.video import measured  # noqa: PLC0415
    from nnref.tools.experiments.video_report import blocks, draw  # noqa: PLC0415

    journal = Journal(out / "points.jsonl")
    results = {
        name: measured(name, path, journal, *evaluation(evaluate, name, path), teller(quiet), rows)
        for name, path in chosen_networks(data, names).items()
    }
    drawn = {}
    if pictures:
        for name, points in results.items():
            drawn[name] = out / "pictures" / f"{name}.svg"
            draw(points, drawn[name])
    report = write_report(out, markdown(blocks(results, "nnref experiment video", drawn), out))
    if as_json:
        found = {"report": str(report), "measured": journal.measured, "networks": list(results)}
        print_json("nnref.experiment.video/1", found)
    elif not quiet:
        click.echo(f"{report}: {journal.measured} points measured now")
