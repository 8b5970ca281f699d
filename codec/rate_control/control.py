"""Encoding a model again and again until a target is met as closely as pays."""

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from math import prod
from os import PathLike
from typing import Any, Final

from nnref.codec.calibration import Calibration, CalibrationInput, open_calibration
from nnref.codec.decoder.files import decode
from nnref.codec.encoder.files import EncodeReport, encode_source
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.model import ModelInput, TensorSource, atomic_write, open_model
from nnref.codec.parallel import Workers, workers
from nnref.codec.rate_control.allocation import Allocation, Weighting, allocate
from nnref.codec.rate_control.bracket import Bracket
from nnref.codec.rate_control.journal import Journal, fingerprint
from nnref.codec.rate_control.outputs import OutputAllocation, allocate_outputs
from nnref.codec.rate_control.target import Target, Trial, pareto
from nnref.spec.errors import refusal

OnTrial = Callable[[Trial], None]

MOST_TRIALS: Final = 14
"""Of one price of a bit."""
_NEAR_BYTES: Final = 0.003
"""Part of the bytes that may be left over."""
_NEAR_SQNR: Final = 0.03
"""dB that may be given away."""
_STEP_RESOLUTION: Final = 2.0**-8
"""Octaves of the scale that make a difference, with a fine qp_density."""
_LOSS_RESOLUTION: Final = 2.0**-3
"""Octaves within which a loss is followed; evaluations are dear and noisy."""
_FIRST_SQNR: Final = 30.0
"""dB where the search for a loss begins."""
_OVERHEAD_BITS: Final = 0.15
"""Bits per weight that are not of the SQNR, about."""
_DB_PER_BIT: Final = 20 * math.log10(2)


@dataclass(frozen=True, slots=True)
class TargetReport:
    """How a target was met."""

    encoded: EncodeReport
    """Of the stream that was kept."""
    kept: Trial
    trials: tuple[Trial, ...]
    """In the order of the search, `kept` among them."""
    original_metric: float | None
    """What `Target.evaluate` gives for the model itself."""

    @property
    def pareto(self) -> tuple[Trial, ...]:
        """The trials that no other one beats in bytes and in quality, smallest first."""
        return pareto(self.trials)


def encode_to_target(
    model: ModelInput,
    target: Target,
    settings: EncodeSettings | None = None,
    *,
    weighting: Weighting = "tensor",
    calibration: CalibrationInput | None = None,
    journal: str | PathLike[str] | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    on_trial: OnTrial | None = None,
    **options: Any,
) -> tuple[bytes, TargetReport]:
    """The best stream found within a target, and how it was found.

    Of the streams within a bound on the size, the best one has the highest SQNR; within a bound on
    the quality, the fewest bytes. `weighting` shares the errors out (see `allocation`), or a
    `calibration` does, as for `encode`; then the SQNR is that of the outputs, and within a bound on
    the loss streams without a price of bits are tried, too (rd_lambda 0). With a `journal`, the
    path of a file, a search that was broken off goes on with the trials that it has. The model
    and `Target.evaluate` are given every trial; two streams are held in memory. `on_trial` is
    called after each. Other arguments are those of `encode`, but no quality can be asked for.

    Raises UsageError target-unreachable, which says what was reached, evaluation-failed (the
    number for the model itself is none), setting-conflict, and as `encode` and `Target.evaluate`.
    """
    merged = EncodeSettings.from_options(settings, options)
    _check(merged)
    if calibration is not None and weighting != "tensor":
        raise refusal("setting-conflict", "a weighting and a calibration")
    with (
        open_model(model) as source,
        open_calibration(calibration) as calibrated,
        workers(jobs, executor) as these,
    ):
        allocation = (
            allocate(source, weighting)
            if calibrated is None
            else allocate_outputs(source, merged, calibrated)
        )
        search = _Search(source, target, merged, allocation, these, calibrated)
        return search.run(on_trial, journal)


def encode_file_to_target(
    model: ModelInput,
    path: str | PathLike[str],
    target: Target,
    settings: EncodeSettings | None = None,
    **arguments: Any,
) -> TargetReport:
    """The same into a file, which appears only when the search has ended well.

    Arguments and errors are those of `encode_to_target`, and FileError.
    """
    stream, report = encode_to_target(model, target, settings, **arguments)
    with atomic_write(path) as file:
        file.write(stream)
    return report


def _check(settings: EncodeSettings) -> None:
    asked = [name for name in ("qp", "step", "sqnr") if getattr(settings, name) is not None]
    asked += ["lossless"] * settings.lossless + ["steps"] * bool(settings.steps)
    asked += ["codebook"] * isinstance(settings.codebook, int)
    if asked:
        raise refusal("setting-conflict", f"a target and {' and '.join(asked)}")


class _Search:
    """The trials of one model. Places are log2 of the scale, negative where the size is bounded:
    the further, the nearer to the bound.
    """

    def __init__(
        self,
        source: TensorSource,
        target: Target,
        settings: EncodeSettings,
        allocation: Allocation | OutputAllocation,
        these: Workers,
        calibration: Calibration | None,
    ) -> None:
        self._calibration = calibration
        self._journal: Journal | None = None
        self._lambda: float | None = None
        self._source, self._target, self._settings = source, target, settings
        self._allocation, self._these = allocation, these
        self._weights = sum(prod(source.info(name).shape) for name in source.names())
        self._limit = target.byte_limit(self._weights)
        self._original: float | None = None
        self._trials: list[Trial] = []
        self._kept: tuple[Trial, bytes, EncodeReport] | None = None
        self._best: Trial | None = None

    def run(
        self, on_trial: OnTrial | None, journal: str | PathLike[str] | None
    ) -> tuple[bytes, TargetReport]:
        if self._target.evaluate is not None:
            tensors = {name: self._source.read(name) for name in self._source.names()}
            self._original = self._target.evaluate(tensors)
            if not math.isfinite(self._original):
                raise refusal("evaluation-failed", f"it gives {self._original} for the model")
        if journal is not None:
            self._journal = Journal(journal, self._fingerprint(), self._original)
        for price in self._lambdas():
            self._lambda = price
            self._follow(on_trial)
        if self._best is None:
            raise refusal("target-unreachable", self._reached())
        if self._kept is None or self._kept[0] != self._best:
            self._kept = self._best, *self._encoded(self._best.scale, self._best.rd_lambda)
        kept, stream, report = self._kept
        return stream, TargetReport(report, kept, tuple(self._trials), self._original)

    def _lambdas(self) -> tuple[float | None, ...]:
        """The prices of a bit that are tried. A loss shows what moments cannot."""
        open_ = self._settings.rd_lambda is None and self._target.max_loss is not None
        return (None, 0.0) if self._calibration is not None and open_ else (None,)

    def _follow(self, on_trial: OnTrial | None) -> None:
        """All trials of one price of a bit."""
        bracket, first = self._bracket(), len(self._trials)
        going = True
        while going:
            trial = self._try(2.0 ** (self._sign * bracket.place))
            if on_trial is not None:
                on_trial(trial)
            going = bracket.note(trial.met, self._distance(first))
            going = going and len(self._trials) - first < MOST_TRIALS

    def _fingerprint(self) -> str:
        sources = [self._source]
        if self._calibration is not None:
            sources.append(self._calibration.source)
        bounds = (*self._target.bounds, self._target.higher_is_better)
        return fingerprint(sources, self._settings, self._allocation, bounds)

    @property
    def _sign(self) -> int:
        return -1 if self._limit is not None else 1

    def _bracket(self) -> Bracket:
        sqnr, resolution = _FIRST_SQNR, _STEP_RESOLUTION
        if self._limit is not None:
            bits = 8 * self._limit / max(1, self._weights)
            sqnr = max(0.0, (bits - _OVERHEAD_BITS) * _DB_PER_BIT)
        elif self._target.min_sqnr is not None:
            sqnr = self._target.min_sqnr
        else:
            resolution = _LOSS_RESOLUTION
        low, high = sorted(self._sign * bound for bound in self._allocation.bounds)
        scale = self._allocation.scale_for(sqnr) if self._best is None else self._best.scale
        start = self._sign * math.log2(scale)
        return Bracket(low, high, start, resolution)

    def _try(self, scale: float) -> Trial:
        known = None if self._journal is None else self._journal.known.get((scale, self._lambda))
        trial = known or self._tried(scale)
        self._trials.append(trial)
        if trial.met and (self._best is None or self._rank(trial) > self._rank(self._best)):
            self._best = trial
        return trial

    def _tried(self, scale: float) -> Trial:
        stream, report = self._encoded(scale, self._lambda)
        sqnr = self._allocation.sqnr(report.tensors)
        metric, loss = self._evaluated(stream, report)
        met = self._met(len(stream), sqnr, loss)
        trial = Trial(scale, len(stream), sqnr, metric, loss, met, self._lambda)
        if met and (self._best is None or self._rank(trial) > self._rank(self._best)):
            self._kept = trial, stream, report
        if self._journal is not None:
            self._journal.note(trial)
        return trial

    def _encoded(self, scale: float, rd_lambda: float | None) -> tuple[bytes, EncodeReport]:
        settings = self._allocation.settings(self._settings, scale)
        if rd_lambda is not None:
            settings = replace(settings, rd_lambda=rd_lambda)
        return encode_source(self._source, settings, self._these, None, self._calibration)

    def _evaluated(self, stream: bytes, report: EncodeReport) -> tuple[float | None, float | None]:
        if self._target.evaluate is None or self._original is None:
            return None, None
        metric = self._target.evaluate(decode(stream, out_of_band=report.out_of_band))
        return metric, self._target.loss(self._original, metric)

    def _met(self, stream_bytes: int, sqnr: float, loss: float | None) -> bool:
        if self._limit is not None:
            return stream_bytes <= self._limit
        if self._target.min_sqnr is not None:
            return sqnr >= self._target.min_sqnr
        assert loss is not None
        assert self._target.max_loss is not None
        return loss <= self._target.max_loss

    def _rank(self, trial: Trial) -> tuple[float, float]:
        if self._limit is not None:
            return trial.sqnr, -trial.stream_bytes
        return -trial.stream_bytes, trial.sqnr

    def _distance(self, first: int) -> float:
        """How far from the last trial the bound seems to be, 0 if that is near, in octaves.

        Trials from the number `first` on are those of the same price.
        """
        last = self._trials[-1]
        if self._limit is not None:
            left = self._limit - last.stream_bytes
            if 0 <= left <= _NEAR_BYTES * self._limit:
                return 0.0
            return 8 * left / max(1, self._weights) / self._slope(first, self._bits, 1.0)
        if self._target.min_sqnr is None:
            return math.nan
        surplus = last.sqnr - self._target.min_sqnr
        if 0 <= surplus <= _NEAR_SQNR:
            return 0.0
        return surplus / self._slope(first, lambda trial: trial.sqnr, _DB_PER_BIT)

    def _bits(self, trial: Trial) -> float:
        return 8 * trial.stream_bytes / max(1, self._weights)

    def _slope(self, first: int, value: Callable[[Trial], float], usual: float) -> float:
        """What an octave changes, by the last two trials; within reason."""
        if len(self._trials) - first < 2:
            return usual
        before, last = self._trials[-2:]
        slope = (value(before) - value(last)) / math.log2(last.scale / before.scale)
        return min(max(slope, usual / 8), 2 * usual) if math.isfinite(slope) else usual

    def _reached(self) -> str:
        """What the best of all trials reached, beside what was asked for."""
        if self._limit is not None:
            least = min(self._trials, key=lambda trial: trial.stream_bytes)
            return (
                f"at most {self._limit} bytes were asked for; the smallest stream found has "
                f"{least.stream_bytes} ({self._bits(least):.4g} bits per weight, SQNR "
                f"{least.sqnr:.2f} dB)"
            )
        if self._target.min_sqnr is not None:
            finest = max(self._trials, key=lambda trial: trial.sqnr)
            return (
                f"{self._target.min_sqnr:g} dB were asked for; the most found are "
                f"{finest.sqnr:.2f} dB with {finest.stream_bytes} bytes"
            )
        losses = {trial.loss: trial for trial in self._trials if trial.loss == trial.loss}
        if not losses:
            return "the evaluation gave a number for no decoded model"
        loss = min(losses, key=lambda each: math.inf if each is None else each)
        least = losses[loss]
        return (
            f"a loss of at most {self._target.max_loss:g} was asked for; the least found is "
            f"{loss:g} (the model {self._original:g}, decoded {least.metric:g}) with "
            f"{least.stream_bytes} bytes"
        )
