"""Options that ask for a size, a quality or a bounded loss, and what is told of the search."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.text import count_text, finite_or_none

if TYPE_CHECKING:
    from nnref.codec import Target, TargetReport, Trial

Command = Callable[..., Any]

DEFAULT_TIMEOUT: Final = 600.0
"""Seconds for one evaluation."""


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What the options of `target_options` say."""

    max_bytes: int | None
    max_bits_per_weight: float | None
    min_sqnr: float | None
    max_loss: float | None
    evaluate: str | None
    lower_is_better: bool
    evaluate_timeout: float | None
    weighting: str | None
    max_kl: float | None
    network: str | None
    network_inputs: str | None
    journal: str | None
    pareto: Path | None

    @property
    def _bounds(self) -> dict[str, Any]:
        return {
            "max_bytes": self.max_bytes,
            "max_bits_per_weight": self.max_bits_per_weight,
            "min_sqnr": self.min_sqnr,
            "max_loss": self.max_loss,
        }

    def target(self, model: str) -> "Target | None":
        """The target, if one is asked for. Raises UsageError."""
        given = any(bound is not None for bound in (*self._bounds.values(), self.max_kl))
        if self.evaluate is None and (self.lower_is_better or self.evaluate_timeout is not None):
            raise refusal("usage", "--lower-is-better and --evaluate-timeout need --evaluate")
        of_search = (self.weighting, self.evaluate, self.journal, self.pareto)
        if not given and any(option is not None for option in of_search):
            needed = "--target-bytes, --target-bpw, --min-sqnr, --max-loss or --max-kl"
            asked = "--weighting, --evaluate, --journal and --pareto"
            raise refusal("usage", f"{asked} need one of {needed}")
        of_network = [self.max_kl is None, self.network is None, self.network_inputs is None]
        if any(of_network) and not all(of_network):
            raise refusal("usage", "--max-kl, --network and --network-inputs go together")
        if not given:
            return None
        if (self.max_loss is None) != (self.evaluate is None):
            raise refusal("usage", "--max-loss and --evaluate go together")
        from nnref.codec import Target  # noqa: PLC0415  these load numpy
        from nnref.tools.cli.evaluation import CommandEvaluation  # noqa: PLC0415

        if self.max_kl is not None:
            return self._divergence_target(model)
        evaluate = None
        if self.evaluate is not None:
            timeout = self.evaluate_timeout or DEFAULT_TIMEOUT
            evaluate = CommandEvaluation(self.evaluate, model, timeout)
        return Target(evaluate=evaluate, higher_is_better=not self.lower_is_better, **self._bounds)

    def _divergence_target(self, model: str) -> "Target":
        """The bound on the distance of a network's outputs."""
        if any(bound is not None for bound in (*self._bounds.values(), self.evaluate)):
            raise refusal("usage", "--max-kl goes without other targets and --evaluate")
        from nnref.codec import Target  # noqa: PLC0415  these load numpy and torch
        from nnref.codec.model.torch_file import import_torch  # noqa: PLC0415
        from nnref.tools.calibrate import distance_of, module_of, read_inputs  # noqa: PLC0415

        assert self.network is not None
        assert self.network_inputs is not None
        module = module_of(self.network, model).eval()
        inputs = read_inputs(self.network_inputs)
        distance = distance_of(import_torch("a network"), module, inputs, mse=False)
        return Target(max_loss=self.max_kl, evaluate=distance, higher_is_better=False)

    @property
    def weights(self) -> str | Mapping[str, float]:
        """The weighting: its name, or what a file says. Raises FileError, UsageError."""
        if self.weighting is None or self.weighting in ("tensor", "model"):
            return self.weighting or "tensor"
        return read_weighting(Path(self.weighting))


def target_options(command: Command) -> Command:
    """`--target-bytes` and its like; the command is given `target`, a `TargetOptions`."""

    @wraps(command)
    def with_target(*arguments: Any, **options: Any) -> Any:
        own = {field.name: options.pop(field.name) for field in fields(TargetOptions)}
        return command(*arguments, target=TargetOptions(**own), **options)

    decorated: Command = with_target
    options = (
        click.option(
            "--target-bytes",
            "max_bytes",
            metavar="N",
            type=click.IntRange(0),
            help="The best quality with a stream of at most N bytes.",
        ),
        click.option(
            "--target-bpw",
            "max_bits_per_weight",
            metavar="F",
            type=click.FloatRange(0),
            help="The same, at most F bits for each number of MODEL.",
        ),
        click.option(
            "--min-sqnr",
            metavar="F",
            type=click.FloatRange(0),
            help="The smallest stream whose weight tensors together have F dB.",
        ),
        click.option(
            "--max-loss",
            "--max-drop",
            "max_loss",
            metavar="F",
            type=click.FloatRange(0),
            help="The smallest stream whose model is worse by at most F, as --evaluate finds it.",
        ),
        click.option(
            "--max-kl",
            metavar="F",
            type=click.FloatRange(0),
            help="The smallest stream whose network's outputs, as logits, are at most F nats from "
            "those of MODEL (mean Kullback-Leibler divergence).",
        ),
        click.option(
            "--network",
            metavar="PATH.py:FACTORY",
            help="The torch module for --max-kl: a function without arguments that returns it.",
        ),
        click.option(
            "--network-inputs",
            metavar="FILE",
            type=click.Path(readable=False),
            help="Its inputs, .npz or .safetensors; others than those of the calibration.",
        ),
        click.option(
            "--evaluate",
            metavar="CMD",
            help="Command that prints how well a model works, a number on its last line; {model} "
            "in it becomes the path of a tensor file.",
        ),
        click.option(
            "--lower-is-better", is_flag=True, help="That number is an error, not a merit."
        ),
        click.option(
            "--evaluate-timeout",
            metavar="S",
            type=click.FloatRange(0, min_open=True),
            help="Seconds that CMD may take, each time.  [default: 600]",
        ),
        click.option(
            "--weighting",
            metavar="tensor|model|FILE",
            help="What errors count under a target: in parts of their tensor, all alike, or by "
            "factors for every weight tensor in a JSON file.  [default: tensor]",
        ),
        click.option(
            "--journal",
            metavar="FILE",
            type=click.Path(readable=False),
            help="Keep the trials of the search here; a search that was broken off goes on.",
        ),
        click.option(
            "--pareto",
            metavar="FILE",
            type=click.Path(path_type=Path, readable=False),
            help="Write the trials that no other one beats in bytes and quality (.json or .csv).",
        ),
    )
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def read_weighting(path: Path) -> dict[str, float]:
    """A JSON object: the factor of every weight tensor by name.

    Raises FileError file-not-found, file-format.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise refusal("file-not-found", str(failure)) from failure
    except ValueError as failure:
        raise refusal("file-format", f"{path}: {failure}") from failure
    if not isinstance(content, dict):
        raise refusal("file-format", f"{path}: not a JSON object of factors by tensor name")
    return content


def search_object(report: "TargetReport") -> dict[str, Any]:
    """The JSON form of a search; numbers that are none or infinite are null."""
    return {
        "original_metric": report.original_metric,
        "kept": report.trials.index(report.kept),
        "trials": [_trial_object(trial) for trial in report.trials],
    }


def _trial_object(trial: "Trial") -> dict[str, Any]:
    metric, loss = (x if x is None else finite_or_none(x) for x in (trial.metric, trial.loss))
    return {
        "bytes": trial.stream_bytes,
        "sqnr": finite_or_none(trial.sqnr),
        "metric": metric,
        "loss": loss,
        "met": trial.met,
        "rd_lambda": trial.rd_lambda,
    }


def write_pareto(path: Path, report: "TargetReport") -> None:
    """Write the trials that no other one beats, as JSON or CSV. Raises FileError file-write."""
    trials = [_trial_object(trial) for trial in report.pareto]
    if path.suffix.lower() == ".csv":
        rows = [",".join("" if x is None else str(x) for x in t.values()) for t in trials]
        text = "\n".join([",".join(trials[0]), *rows])
    else:
        text = json.dumps({"schema": "nnref.pareto/1", "trials": trials}, indent=1)
    from nnref.codec.model import atomic_write  # noqa: PLC0415  it loads numpy

    with atomic_write(path) as file:
        file.write(text.encode() + b"\n")


class TrialPrinter:
    """Prints a line for every trial, with how long the others of its price may take at most."""

    def __init__(self) -> None:
        from nnref.codec.rate_control.control import MOST_TRIALS  # noqa: PLC0415  it loads numpy

        self._most, self._start = MOST_TRIALS, monotonic()
        self._done, self._of_price = 0, 0
        self._price: float | None = None

    def __call__(self, trial: "Trial") -> None:
        """Print the line of the next trial."""
        if trial.rd_lambda != self._price:
            self._of_price, self._price = 0, trial.rd_lambda
        self._done, self._of_price = self._done + 1, self._of_price + 1
        each = (monotonic() - self._start) / self._done
        left = count_text(round(each * max(0, self._most - self._of_price)))
        known = "" if trial.rd_lambda is None else f", lambda {trial.rd_lambda:g}"
        place = f"{self._of_price:2d} of at most {self._most}{known}"
        print(f"{place}: {_trial_text(trial)} ({left} s left at most)")


def _trial_text(trial: "Trial") -> str:
    metric = "" if trial.metric is None else f", metric {trial.metric:g}, loss {trial.loss:g}"
    met = "within the target" if trial.met else "not within the target"
    return f"{count_text(trial.stream_bytes)} bytes, SQNR {trial.sqnr:.2f} dB{metric}: {met}"
