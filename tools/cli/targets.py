"""Options that ask for a size, a quality or a bounded loss, and what is told of the search."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
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
        given = any(bound is not None for bound in self._bounds.values())
        if self.evaluate is None and (self.lower_is_better or self.evaluate_timeout is not None):
            raise refusal("usage", "--lower-is-better and --evaluate-timeout need --evaluate")
        if not given and (self.weighting is not None or self.evaluate is not None):
            needed = "--target-bytes, --target-bpw, --min-sqnr or --max-loss"
            raise refusal("usage", f"--weighting and --evaluate need one of {needed}")
        if not given:
            return None
        if (self.max_loss is None) != (self.evaluate is None):
            raise refusal("usage", "--max-loss and --evaluate go together")
        from nnref.codec import Target  # noqa: PLC0415  these load numpy
        from nnref.tools.cli.evaluation import CommandEvaluation  # noqa: PLC0415

        evaluate = None
        if self.evaluate is not None:
            timeout = self.evaluate_timeout or DEFAULT_TIMEOUT
            evaluate = CommandEvaluation(self.evaluate, model, timeout)
        return Target(evaluate=evaluate, higher_is_better=not self.lower_is_better, **self._bounds)

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
            metavar="F",
            type=click.FloatRange(0),
            help="The smallest stream whose model is worse by at most F, as --evaluate finds it.",
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
    }


def print_trial(trial: "Trial") -> None:
    """Print one line about a trial."""
    metric = "" if trial.metric is None else f", metric {trial.metric:g}, loss {trial.loss:g}"
    met = "within the target" if trial.met else "not within the target"
    print(f"{count_text(trial.stream_bytes)} bytes, SQNR {trial.sqnr:.2f} dB{metric}: {met}")
