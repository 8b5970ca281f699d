"""`nnref experiment lnq`: LNQ beside other quantizers, on networks of a folder."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Literal

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.experiment.options import chosen_networks, common_options, teller
from nnref.tools.cli.output import print_json

if TYPE_CHECKING:
    from nnref.conformance.interop.client import Peer
    from nnref.tools.experiments.lnq import Sparsity
    from nnref.tools.experiments.rows import Method

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(short_help="Local non-linear quantization beside others.")
@common_options
@click.option("--row", "rows", multiple=True, help="Only this method, such as 'LNQ best'; again.")
@click.option("--sqnr", "qualities", type=float, multiple=True, help="Quality in dB; again.")
@click.option(
    "--sparsity",
    "sparsities",
    multiple=True,
    metavar="F|auto",
    help="Of Test 2; again. auto: as many tenths as cost no more than 2 % of the task metric.  "
    "[default: auto with --evaluator, else 0.8]",
)
@click.option(
    "--evaluator",
    type=_FILE,
    metavar="FILE.py",
    help="With a function evaluate(network, tensors, reference) that returns numbers by name.",
)
@click.option("--ablation/--no-ablation", default=True, help="Published mode switch by switch.")
@click.option(
    "--peer-python",
    type=_FILE,
    metavar="FILE",
    help="Python of the virtual environment of NNCodec, for its rows.",
)
@click.option(
    "--pictures",
    type=click.Choice(["svg", "png"]),
    help="Curves, and what LNQ makes of every layer (extra experiments).",
)
def command(
    data: Path,
    out: Path,
    names: tuple[str, ...],
    rows: tuple[str, ...],
    qualities: tuple[float, ...],
    sparsities: tuple[str, ...],
    evaluator: Path | None,
    ablation: bool,
    peer_python: Path | None,
    pictures: Literal["svg", "png"] | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Local non-linear quantization beside others.

    Every network of --data is coded as it is (Test 1) and pruned (Test 2) by every method at
    several qualities. In --out, points.jsonl keeps what was measured: a command that is run again
    goes on where it was; after a change of the encoder give another folder. report.html has
    everything, report.md the comparisons and points.md every point as text.
    """
    from nnref.conformance.interop.client import Peer  # noqa: PLC0415  these load numba
    from nnref.tools.experiments.ablation import VARIANTS  # noqa: PLC0415
    from nnref.tools.experiments.evaluation import Evaluator  # noqa: PLC0415
    from nnref.tools.experiments.gallery import gallery  # noqa: PLC0415
    from nnref.tools.experiments.journal import Journal  # noqa: PLC0415
    from nnref.tools.experiments.lnq import QUALITIES, SPARSITY, Experiment  # noqa: PLC0415
    from nnref.tools.experiments.report import write_report  # noqa: PLC0415

    networks = chosen_networks(data, names)
    asked = tuple(map(_sparsity, sparsities)) or ("auto" if evaluator else SPARSITY,)
    with ExitStack() as stack:
        peer = stack.enter_context(Peer(peer_python, timeout=600.0)) if peer_python else None
        experiment = Experiment(
            Journal(out / "points.jsonl"),
            _methods(peer, rows),
            tuple(sorted(qualities)) or QUALITIES,
            asked,
            Evaluator(evaluator) if evaluator else None,
            VARIANTS if ablation else {},
            tell=teller(quiet),
        )
        results = [each for name, path in networks.items() for each in experiment.run(name, path)]
    drawn = {} if pictures is None else gallery(results, experiment, networks, out, pictures)
    given = {"--network": names, "--row": rows, "--sqnr": qualities, "--sparsity": sparsities}
    paths = write_report(results, _words(given, evaluator, peer_python), drawn, out)
    measured = experiment.journal.measured
    if as_json:
        content = {"reports": [*map(str, paths)], "measured": measured}
        print_json("nnref.experiment.lnq/1", content | {"networks": list(networks)})
    elif not quiet:
        click.echo(f"{paths[0]}: {measured} points measured now")


def _words(
    given: Mapping[str, Iterable[object]], evaluator: Path | None, peer_python: Path | None
) -> str:
    """The command as a reader can run it: folders and the peer's place are the reader's own."""
    words = [
        f"{option} {quote(str(value))}" for option, values in given.items() for value in values
    ]
    words += [f"--evaluator {evaluator.name}"] if evaluator else []
    words += ["--peer-python PYTHON"] if peer_python else []
    return " ".join(["nnref experiment lnq --data DATA --out OUT", *words])


def _sparsity(text: str) -> "Sparsity":
    if text == "auto":
        return "auto"
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise refusal("usage", f"--sparsity {text!r}: auto, or a number between 0 and 1")
    return value


def _methods(peer: "Peer | None", wanted: tuple[str, ...]) -> "dict[str, list[Method]]":
    from nnref.tools.experiments.rows import methods  # noqa: PLC0415  it loads numba

    rows = methods(peer)
    for row in wanted:
        if row not in rows:
            raise refusal("usage", f"--row {row!r}: one of {', '.join(rows)}")
    return {row: rows[row] for row in rows if row in wanted or not wanted}
