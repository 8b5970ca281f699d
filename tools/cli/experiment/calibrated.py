"""`nnref experiment calibrated`: bytes at equal outputs with a calibration, beside others."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.experiment.options import common_options, teller
from nnref.tools.cli.output import print_json

_SEEDS: Final = 3


@click.command(short_help="Calibrated encoding beside others, at equal outputs.")
@common_options
@click.option(
    "--networks",
    "program",
    metavar="PATH.py:FUNCTION",
    help="Gives the networks of --data by name.  [default: those of a data pack]",
)
@click.option("--row", "chosen", multiple=True, help="Only this row; may be given again.")
@click.option(
    "--seeds", type=click.IntRange(1), default=_SEEDS, show_default=True, help="Calibrations."
)
@click.option(
    "--peer-python",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Python of the virtual environment of NNCodec, for its rows and to decode all streams.",
)
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
    for test inputs are compared with those of the original. In --out, points.jsonl keeps what was
    measured: after a change of the encoder or of inputs give another folder. report.md has the
    tables, report.html the plots, too (extra `experiments`).

    --data has models/NAME/model.safetensors, eval/*.npz and eval_models.py, or whatever the
    function of --networks reads: it is called with --data and a folder for files of its own, and
    returns `nnref.tools.experiments.calibrated.networks.Network` objects by name.
    """
    from nnref.conformance.interop.client import Peer  # noqa: PLC0415  these load numba and torch
    from nnref.tools.experiments.calibrated.experiment import Experiment  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.networks import factory_of  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.report import write_report  # noqa: PLC0415
    from nnref.tools.experiments.calibrated.rows import OWN_ROWS, PEER_ROWS  # noqa: PLC0415
    from nnref.tools.experiments.pictures import subplots  # noqa: PLC0415

    subplots(1)  # a missing extra is told before anything is measured, not after it
    found = factory_of(program)(data, out / "inputs")
    _check("--network", names, tuple(found))
    _check("--row", chosen, (*OWN_ROWS, *PEER_ROWS))
    rows = chosen or (OWN_ROWS + (PEER_ROWS if peer_python else ()))
    started = time.monotonic()
    tell = teller(quiet)
    with ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, timeout=600.0)) if peer_python else None
        experiment = Experiment(
            out,
            rows,
            range(seeds),
            peer,
            lambda words: tell(f"[{time.monotonic() - started:.0f} s] {words}"),
        )
        results = [experiment.run(name, found[name]) for name in names or found]
        measured = experiment.journal.measured
    missing = [name for name in found if names and name not in names]
    words = _words(peer_python is not None, names, chosen, seeds)
    paths = write_report(results, words, missing, out)
    if as_json:
        content = {"reports": [*map(str, paths)], "measured": measured}
        print_json("nnref.experiment.calibrated/1", content | {"networks": list(names or found)})
    elif not quiet:
        click.echo(f"{paths[0]}: {measured} points measured now")


def _words(peer: bool, names: tuple[str, ...], rows: tuple[str, ...], seeds: int) -> str:
    """The command without paths."""
    words = ["nnref experiment calibrated --data DIR --out DIR"]
    words += ["--peer-python PY"] if peer else []
    words += [f"--seeds {seeds}"] if seeds != _SEEDS else []
    words += [f"--network {name}" for name in names]
    return " ".join([*words, *(f'--row "{row}"' for row in rows)])


def _check(option: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise refusal("usage", f"{option} {name!r}: one of {', '.join(known)}")
