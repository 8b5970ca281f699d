"""Points of all rows on a network: bytes, distance to the original outputs, task metrics.

A row is swept in qualities of equal steps, both ways from one that a first point foretells, until
its points lie beyond the distances that are compared at. A journal has all that was measured.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from hashlib import sha256
from math import inf, log10, sqrt
from pathlib import Path
from typing import Any, Final

from nnref.codec.model import atomic_write
from nnref.conformance.interop.client import Peer, PeerError
from nnref.conformance.interop.comparison import first_difference
from nnref.spec.errors import NnrError
from nnref.tools.bench.workload import Tensors, count_weights, file_model
from nnref.tools.calibrate import calibrate_module
from nnref.tools.calibrate.curvature import Outputs
from nnref.tools.experiments.calibrated.networks import Network, as_arrays, distance
from nnref.tools.experiments.calibrated.outcome import Outcome
from nnref.tools.experiments.calibrated.rows import (
    PEER_ROWS,
    Setting,
    own_settings,
    peer_settings,
)
from nnref.tools.experiments.journal import Journal, Values

LEVELS: Final = (0.003, 0.01, 0.03)
"""Distances at which bytes are compared."""
BEYOND: Final = (0.8 * LEVELS[0], 1.25 * LEVELS[-1])
"""Distances that a sweep reaches."""
START: Final = 15.0
"""dB of the first point of a sweep."""
STEP: Final = 3.0
"""dB between points."""
MOST: Final = 10
"""Points to either side, at most."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """One network: its points by row, each with `setting` and `seed`, and rows that failed."""

    network: str
    inputs: str
    regression: bool
    weights: int
    metrics: Mapping[str, float]
    """Of the original."""
    layers: Mapping[str, int]
    """Weights of the tensors with at least two dimensions."""
    left_out: tuple[str, ...]
    """Those that the calibration has seen no product of."""
    points: Mapping[str, list[Values]]
    failures: Mapping[str, str]
    """In words, by row and setting."""


@dataclass(frozen=True)
class Experiment:
    """What is measured on every network, and where it is kept."""

    folder: Path
    """Of the journal and the calibrations."""
    rows: Sequence[str]
    seeds: Sequence[int] = (0, 1, 2)
    peer: Peer | None = None
    tell: Tell = field(default=lambda _: None)

    @cached_property
    def journal(self) -> Journal:
        """All points so far."""
        return Journal(self.folder / "points.jsonl")

    def run(self, name: str, network: Network) -> Result:
        """All rows on one network. Raises FileError, and as `calibrate_module` does."""
        return _Run(self, name, network).result()


class _Run:
    """The experiment on one network."""

    def __init__(self, experiment: Experiment, name: str, network: Network) -> None:
        self._of, self._name, self._network = experiment, name, network
        self._model = file_model(network.path)
        digest = sha256(network.path.read_bytes()).hexdigest()
        self._key = {"network": name, "model": digest}
        self._failures: dict[str, str] = {}

    def result(self) -> Result:
        points = {row: list(self._row(row)) for row in self._of.rows}
        layers = {name: tensor.size for name, tensor in self._model.items() if tensor.ndim > 1}
        return Result(
            self._name,
            self._network.inputs,
            self._network.regression,
            count_weights(self._model),
            self._judged(self._model)["metrics"],
            layers,
            self._left_out(),
            {row: found for row, found in points.items() if found},
            self._failures,
        )

    def _row(self, row: str) -> Iterable[Values]:
        for setting in self._settings(row):
            words = " ".join(str(each) for each in (row, setting.name) if each)
            found = self._swept(row, setting)
            for point in found:
                if "failure" in point:
                    self._failures[words] = f"at {point['quality']:g} dB: {point['failure']}"
                else:
                    yield point

    def _settings(self, row: str) -> list[Setting]:
        if row not in PEER_ROWS:
            return own_settings(row, self._calibration, self._of.seeds)
        return [] if self._of.peer is None else peer_settings(row, self._of.peer)

    def _swept(self, row: str, setting: Setting) -> list[Values]:
        measure = partial(self._point, row, setting)
        return [measure(START)] if setting.single else sweep(measure)

    def _point(self, row: str, setting: Setting, quality: float) -> Values:
        key = {**self._key, "row": row, "setting": setting.name, "seed": setting.seed}
        words = f"{row} {setting.name}".strip()
        seed = "" if setting.seed is None else f", seed {setting.seed}"
        self._of.tell(f"{self._name}: {words}{seed}, {quality:g} dB")
        measure = partial(self._measured, setting, quality)
        values = self._of.journal.point({**key, "quality": quality}, measure)
        return values | {"setting": setting.name, "seed": setting.seed, "quality": quality}

    def _measured(self, setting: Setting, quality: float) -> Values:
        if setting.seed is not None:
            self._calibration(setting.seed)  # seconds are those of encoding
        started = time.perf_counter()
        try:
            outcome = setting.row.code(self._model, quality)
        except (NnrError, PeerError) as failure:
            return {"failure": str(failure)}
        seconds = time.perf_counter() - started
        return {
            "bytes": outcome.size,
            "weight_bytes": outcome.weight_size,
            "seconds": seconds,
            "layers": dict(outcome.layers),
            **({"peer": self._checked(outcome)} if setting.seed is not None else {}),
            **self._judged(outcome.tensors),
        }

    def _checked(self, outcome: Outcome) -> str | None:
        """How NNCodec's decoder differs on a stream, "" where it does not; None without NNCodec."""
        if self._of.peer is None or outcome.stream is None:
            return None
        try:
            decoded = self._of.peer.decompress(outcome.stream)
        except PeerError as failure:
            return str(failure)
        return first_difference(dict(outcome.tensors), decoded) or ""

    def _judged(self, tensors: Mapping[str, Any]) -> Values:
        """Distance and metrics, once for the same tensors."""
        arrays = as_arrays(tensors)

        def judge() -> Values:
            outputs = self._network.outputs(arrays)
            apart = distance(outputs, self._original, self._network.regression)
            return {"distance": apart, "metrics": self._network.metrics(arrays)}

        return self._of.journal.point({**self._key, "tensors": _digest(arrays)}, judge)

    @cached_property
    def _original(self) -> Any:
        return self._network.outputs(self._model)

    def _calibration(self, seed: int) -> Path:
        """The calibration file of a seed."""
        path = self._of.folder / self._name / f"seed-{seed}.safetensors"
        if not path.exists():
            self._of.tell(f"{self._name}: calibration, seed {seed}")
            path.parent.mkdir(parents=True, exist_ok=True)
            inputs = self._network.calibration_inputs(seed)
            outputs: Outputs = "values" if self._network.regression else "logits"
            left_out = calibrate_module(self._network.module(), inputs, path, outputs=outputs)
            with atomic_write(self._left_out_file) as file:
                file.write("\n".join(left_out).encode())
        return path

    @property
    def _left_out_file(self) -> Path:
        return self._of.folder / self._name / "left-out.txt"

    def _left_out(self) -> tuple[str, ...]:
        file = self._left_out_file
        return tuple(file.read_text("utf-8").splitlines()) if file.exists() else ()


def sweep(measure: Callable[[float], Values]) -> list[Values]:
    """Points until they lie beyond BEYOND at both ends, or one of them failed."""
    first = measure(START)
    middle = _foretold(first)
    points = {START: first}
    for step, limit in ((-STEP, BEYOND[1]), (STEP, BEYOND[0])):
        for number in range(MOST + 1):
            quality = middle + number * step
            if quality <= 0:
                break
            point = points[quality] = points.get(quality) or measure(quality)
            if "failure" in point or (point["distance"] - limit) * step <= 0:
                break
    return [points[quality] for quality in sorted(points)]


def _foretold(first: Values) -> float:
    """The quality in whole steps from START whose distance would be in the middle of the levels.

    10 dB more are taken to be a tenth of the distance.
    """
    apart = first.get("distance", 0.0)
    if not 0 < apart < inf:
        return START
    steps = round(10 * log10(apart / sqrt(LEVELS[0] * LEVELS[-1])) / STEP)
    return max(START - 4 * STEP, START + min(max(steps, -MOST), MOST) * STEP)


def _digest(tensors: Tensors) -> str:
    digest = sha256()
    for name in sorted(tensors):
        digest.update(name.encode() + b"\0")
        digest.update(tensors[name].tobytes())
    return digest.hexdigest()
