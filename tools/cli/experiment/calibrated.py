"""`nnref experiment calibrated`: bytes at equal outputs with a calibration, beside others."""

import time
from contextlib import ExitStack
from pathlib import Path

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json

_FOLDER = click.Path(path_type=Path, file_okay=False)
_COMMAND = "nnref experiment calibrated"


@click.command(short_help="Calibrated encoding beside others, at equal outputs.")
@click.option("--data", type=_FOLDER, required=True, help="Folder with networks and inputs.")
@click.option("--out", type=_FOLDER, required=True, help="Folder of the points and the report.")
@click.option(
    "--networks",
    "program",
    metavar="PATH.py:FUNCTION",
    help="Gives the networks of --data by name.  [default: those of a data pack]",
)
@click.option("--network", "names", multiple=True, help="Only this one; may be given again.")
@click.option("--row", "chosen", multiple=True, help="Only this row; may be given again.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Calibrations.")
@click.option(
    "--peer-python",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Python of the virtual environment of NNCodec, for its rows and to decode all streams.",
)
@quiet_option
@json_option
def command(
    data: Path,
    out: Path,
    program: str | None,
    names: tuple[str, ...],
    chosen: tuple[str, ...],
    seeds: int,
    peer_python: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Calibrated encoding beside others, at equal outputs.

    Every network is coded by every row at qualities that reach the distances compared at; outputs
    for test inputs are compared with those of the original. `points.jsonl` in --out keeps what was
    measured, `report.md` has the tables, `report.html` the plots, too.

    --data has models/NAME/model.safetensors, eval/*.npz and eval_models.py, or whatever the
    function of --networks reads: it is called with --data and a folder for files of its own, and
    returns `nnref.tools.experiments.calibrated.networks.Network` objects by name.
    """
    from nnref.codec.model import atomic_write  # noqa: PLC0415  these load numba and torch
    from nnref.conformance.interop.client import Peer  # noqa: PLC0415
    from nnref.tools.experiments.calibrated import document  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.experiment import Experiment  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.networks import factory_of  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.report import report  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.rows import OWN_ROWS, PEER_ROWS  # noqa: PLC0415

    found = factory_of(program)(data, out / "inputs")
    _check("--network", names, tuple(found))
    _check("--row", chosen, (*OWN_ROWS, *PEER_ROWS))
    rows = chosen or (OWN_ROWS + (PEER_ROWS if peer_python else ()))
    started = time.monotonic()

    def tell(words: str) -> None:
        if not quiet:
            click.echo(f"[{time.monotonic() - started:.0f} s] {words}", err=True)

    with ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, timeout=600.0)) if peer_python else None
        experiment = Experiment(out, rows, range(seeds), peer, tell)
        results = [experiment.run(name, found[name]) for name in names or found]
        measured = experiment.journal.measured
    missing = [name for name in found if names and name not in names]
    blocks = report(results, _COMMAND, missing)
    texts = {".md": document.markdown(blocks), ".html": document.page(_COMMAND, blocks)}
    for suffix, text in texts.items():
        with atomic_write(out / f"report{suffix}") as file:
            file.write(text.encode())
    if as_json:
        paths = {"report": str(out / "report.md"), "page": str(out / "report.html")}
        said = paths | {"measured": measured, "networks": list(names or found)}
        print_json("nnref.experiment.calibrated/1", said)
    elif not quiet:
        click.echo(f"{out / 'report.html'}: {measured} points measured now")


def _check(option: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise refusal("usage", f"{option} {name!r}: one of {', '.join(known)}")
