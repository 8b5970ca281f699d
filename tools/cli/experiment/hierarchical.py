"""`nnref experiment hierarchical`: text 003 on networks of a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnref.tools.cli.experiment.options import (
    chosen_networks,
    evaluation,
    experiment_options,
    teller,
    write_report,
)
from nnref.tools.cli.output import print_json

if TYPE_CHECKING:
    from nnref.tools.experiments.journal import Values


@click.command(short_help="Pruning, shared values and fixed point (text 003).")
@experiment_options
@click.option(
    "--retrain/--no-retrain",
    default=False,
    help="Take the demo's network through all stages with retraining, too (extras torch and demo).",
)
@click.option(
    "--pictures/--no-pictures",
    default=False,
    help="Draw the first metric of every network over CR (extra experiments).",
)
def command(
    data: Path,
    out: Path,
    names: tuple[str, ...],
    evaluate: str | None,
    retrain: bool,
    pictures: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Pruning, shared values and fixed point (text 003).

    Every network of --data goes through the stages alone and together, without training.
    `points.jsonl` in --out keeps what was measured, `report.md` has the tables.
    """
    from nnref.codec.model.torch_file import import_torch  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.document import markdown  # noqa: PLC0415
    from nnref.tools.experiments.hierarchical import measured  # noqa: PLC0415
    from nnref.tools.experiments.hierarchical_report import draw_networks, report  # noqa: PLC0415
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415

    journal, tell = Journal(out / "points.jsonl"), teller(quiet)
    results = {
        name: measured(path, journal, *evaluation(evaluate, name, path), tell)
        for name, path in chosen_networks(data, names).items()
    }
    again: list[Values] = []
    connections = None
    if retrain:
        from nnref.tools.experiments.hierarchical_retrained import (  # noqa: PLC0415
            digits_connections,
            retrained,
        )

        torch = import_torch(out)
        tell("retraining the demo's network")
        again, connections = retrained(torch, journal), digits_connections(torch)
    drawn = list(draw_networks(results, out)) if pictures else []
    blocks = report(results, again, connections, "nnref experiment hierarchical", drawn)
    written = write_report(out, markdown(blocks, out))
    if as_json:
        found = {"report": str(written), "measured": journal.measured, "networks": list(results)}
        print_json("nnref.experiment.hierarchical/1", found)
    elif not quiet:
        click.echo(f"{written}: {journal.measured} points measured now")
