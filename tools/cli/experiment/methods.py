"""`nnref experiment methods`: all methods side by side, on networks of a folder."""

from contextlib import ExitStack
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


@click.command(short_help="All methods side by side.")
@experiment_options
@click.option(
    "--peer-python",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Python of the virtual environment of NNCodec, for its rows.",
)
@click.option(
    "--row", "rows", multiple=True, help="Only the rows that begin so; may be given again."
)
@click.option(
    "--pictures/--no-pictures", default=False, help="SVG file of the curves (extra experiments)."
)
def command(
    data: Path,
    out: Path,
    names: tuple[str, ...],
    evaluate: str | None,
    peer_python: Path | None,
    rows: tuple[str, ...],
    pictures: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """All methods side by side.

    Every network of --data is coded with every method at several settings. `points.jsonl` in --out
    keeps what was measured, `report.md` has the tables: all points, and bytes at equal loss of the
    task metric and at equal distortion.
    """
    from nnref.conformance.interop.client import Peer  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415
    from nnref.tools.experiments.method_rows import method_rows  # noqa: PLC0415
    from nnref.tools.experiments.methods import markdown, measured  # noqa: PLC0415

    networks = chosen_networks(data, names)
    journal = Journal(out / "points.jsonl")
    results = []
    with ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, timeout=600.0)) if peer_python else None
        table = {
            row: points
            for row, points in method_rows(peer).items()
            if not rows or row.startswith(rows)
        }
        for name, path in networks.items():
            worth = evaluation(evaluate, name, path)
            results.append(measured(name, path, table, journal, *worth, teller(quiet)))
    drawn = {}
    if pictures:
        from nnref.tools.experiments.pictures import draw_curves  # noqa: PLC0415  an extra

        for result in results:
            drawn[result.network] = f"pictures/{result.network}.svg"
            draw_curves(result, out / drawn[result.network])
    report = write_report(out, markdown(results, "nnref experiment methods", drawn))
    if as_json:
        found = {"report": str(report), "measured": journal.measured, "networks": list(networks)}
        print_json("nnref.experiment.methods/1", found)
    elif not quiet:
        click.echo(f"{report}: {journal.measured} points measured now")
