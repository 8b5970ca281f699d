"""`nnref experiment templates`: text 004 on networks of a folder."""

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


@click.command(short_help="Kernels as scaled and shifted templates (text 004).")
@experiment_options
@click.option(
    "--pictures/--no-pictures", default=False, help="SVG files of the curves (extra experiments)."
)
@click.option(
    "--retrain/--no-retrain",
    default=False,
    help="Retrain the demo's network with frozen templates, too (extras torch and demo).",
)
def command(
    data: Path,
    out: Path,
    names: tuple[str, ...],
    evaluate: str | None,
    pictures: bool,
    retrain: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Kernels as scaled and shifted templates (text 004).

    The convolutions of every network of --data are represented by 16, 64 and 256 templates, stored
    as the text does it and coded. `points.jsonl` in --out keeps what was measured, `report.md` has
    the tables.
    """
    from nnref.codec.model.torch_file import import_torch  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415
    from nnref.tools.experiments.templates import draw, markdown, measured  # noqa: PLC0415

    journal = Journal(out / "points.jsonl")
    results = {
        name: measured(name, path, journal, *evaluation(evaluate, name, path), teller(quiet))
        for name, path in chosen_networks(data, names).items()
    }
    drawn = {name: f"pictures/{name}.svg" for name in results if pictures}
    for name, picture in drawn.items():
        draw(results[name], out / picture)
    again = []
    if retrain:
        from nnref.tools.experiments.templates_retrained import retrained  # noqa: PLC0415

        torch = import_torch(out)
        torch.set_num_threads(1)  # sums in one order
        again = retrained(torch, journal)
    report = write_report(out, markdown(results, again, "nnref experiment templates", drawn))
    if as_json:
        found = {"report": str(report), "measured": journal.measured, "networks": list(results)}
        print_json("nnref.experiment.templates/1", found)
    elif not quiet:
        click.echo(f"{report}: {journal.measured} points measured now")
