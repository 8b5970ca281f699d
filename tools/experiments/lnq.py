"""`nnref experiment lnq`: what local non-linear quantization (clause 15.1) gains on networks.

Test 1 takes the networks as they are, Test 2 with their smallest magnitudes set to 0 first. Every
method meets several qualities; tables compare bytes at equal distortion and at equal loss.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import pruned
from nnref.spec.errors import refusal
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.ablation import Variant, measure_variant
from nnref.tools.experiments.evaluation import Evaluator
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.layer_shares import layer_shares
from nnref.tools.experiments.measuring import measure
from nnref.tools.experiments.rows import Method

QUALITIES: Final = (6.0, 10.0, 14.0, 18.0, 22.0)
"""dB of every weight tensor: about 0.5 to 4 bits per weight."""
SPARSITY: Final = 0.8
"""Of Test 2 without an evaluation."""
LOSS: Final = 0.02
"""Relative, of the task metric: what the paper allows itself, and what pruning may cost."""

Sparsity = float | Literal["auto"]
"""Of Test 2; "auto": in tenths, as much as costs no more than `LOSS`, if that is anything."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TestResult:
    """One network in one of the tests."""

    network: str
    test: str
    """Test 1, or Test 2 and how it prunes; results of one test go together."""
    sparsity: float
    """0 in Test 1."""
    shares: Mapping[str, float]
    """Parameters by layer type."""
    metrics: Mapping[str, float]
    """Of the network that is coded; none without an evaluation."""
    points: Mapping[str, list[Values]]
    """By row, one for each method and quality."""
    ablation: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is measured on every network, and where it is kept."""

    journal: Journal
    rows: Mapping[str, list[Method]]
    qualities: tuple[float, ...] = QUALITIES
    sparsities: tuple[Sparsity, ...] = (SPARSITY,)
    evaluator: Evaluator | None = None
    variants: Mapping[str, Variant] = field(default_factory=dict)
    ablation_quality: float = 6.0
    """dB, where published units are taken."""
    tell: Tell = lambda _: None
    """Told before every point."""

    @property
    def points_per_test(self) -> int:
        """Rows at all qualities, variants, and the network itself."""
        methods = sum(map(len, self.rows.values()))
        return methods * len(self.qualities) + len(self.variants) + 1

    def run(self, network: str, path: Path) -> Iterator[TestResult]:
        """Both tests on a network. Raises as `measure` does."""
        key = {
            "model": sha256(path.read_bytes()).hexdigest(),
            "evaluator": "" if self.evaluator is None else self.evaluator.digest,
        }
        yield _Test(self, network, path, key, 0.0).result("Test 1")
        for asked in self.sparsities:
            if asked == "auto":
                sparsity = self._bearable(network, path, key)
                words = f"Test 2, pruned within {100 * LOSS:g} %"
            else:
                sparsity, words = asked, f"Test 2, {100 * asked:g} % pruned"
            if sparsity:
                yield _Test(self, network, path, key, sparsity).result(words)
            else:
                self.tell(f"{network}: no {words}: a tenth costs more")

    def _bearable(self, network: str, path: Path, key: Mapping[str, Any]) -> float:
        """The last tenth before the first metric changes by more than `LOSS`; 0 if that is none."""

        def metric(tenths: int) -> float:
            metrics = _Test(self, network, path, key, tenths / 10).uncoded()
            return float(next(iter(metrics.values())))

        if self.evaluator is None:
            raise refusal("usage", "--sparsity auto asks for --evaluator")
        before = metric(0)
        for tenths in range(1, 10):
            if abs(metric(tenths) - before) > LOSS * abs(before):
                return (tenths - 1) / 10
        return 0.9


class _Test:
    """The points of a network with a sparsity."""

    def __init__(
        self, wanted: Experiment, network: str, path: Path, key: Mapping[str, Any], sparsity: float
    ) -> None:
        self._wanted = wanted
        self._network = network
        self._model = coded_network(path, sparsity)
        self._sparsity = sparsity
        self._key = {**key, "sparsity": sparsity}
        self._number = 0
        self._known: dict[bytes, dict[str, float]] = {}

    def uncoded(self) -> Values:
        return self._point({"row": "uncoded"}, lambda: self._metrics(self._model))

    def result(self, test: str) -> TestResult:
        return TestResult(
            self._network,
            test,
            self._sparsity,
            layer_shares(self._model),
            self.uncoded(),
            {row: [*self._row(row, methods)] for row, methods in self._wanted.rows.items()},
            dict(self._ablation()),
        )

    def _row(self, row: str, methods: list[Method]) -> Iterator[Values]:
        for number, method in enumerate(methods):
            for sqnr in self._wanted.qualities:
                yield self._point(
                    {"row": row, "method": number, "sqnr": sqnr},
                    partial(measure, method, self._model, sqnr, self._metrics),
                )

    def _ablation(self) -> Iterator[tuple[str, Values]]:
        sqnr = self._wanted.ablation_quality
        for name, variant in self._wanted.variants.items():
            yield (
                name,
                self._point(
                    {"variant": name, "sqnr": sqnr},
                    partial(measure_variant, self._model, variant, sqnr),
                ),
            )

    def _metrics(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        """Tensors that were evaluated before are known: often rows decode to the same ones."""
        evaluator = self._wanted.evaluator
        if evaluator is None:
            return {}
        digest = sha256()
        for name in sorted(tensors):
            digest.update(np.ascontiguousarray(tensors[name]).data)
        known = self._known.get(digest.digest())
        if known is None:
            known = evaluator.metrics(self._network, tensors, self._model)
            self._known[digest.digest()] = known
        return known

    def _point(self, what: Mapping[str, Any], value: Callable[[], Values]) -> Values:
        self._number += 1

        def measured() -> Values:
            place = f"{self._number}/{self._wanted.points_per_test}"
            words = " ".join(str(each) for each in what.values())
            self._wanted.tell(f"{self._network}, sparsity {self._sparsity:g}: {place} {words}")
            return value()

        return self._wanted.journal.point({**self._key, **what}, measured)


def coded_network(path: Path, sparsity: float) -> Tensors:
    """A network of a test: this part of each matrix is set to 0, the smallest magnitudes."""
    settings = EncodeSettings(prune=sparsity)
    return {name: pruned(tensor, settings) for name, tensor in file_model(path).items()}
