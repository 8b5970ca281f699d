"""`nnref experiment lnq`: what local non-linear quantization (clause 15.1) gains on networks.

Test 1 takes the networks as they are, Test 2 with their smallest magnitudes set to 0 first. Every
method meets several qualities; tables compare bytes at equal distortion and at equal loss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.encoder.tensor import pruned
from nnref.tools.bench.workload import Tensors, file_model
from nnref.tools.experiments.ablation import Variant, measure_variant
from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.experiments.layer_shares import layer_shares
from nnref.tools.experiments.measuring import Metrics, measure
from nnref.tools.experiments.rows import Method

QUALITIES: Final = (6.0, 10.0, 14.0, 18.0, 22.0)
"""dB of every weight tensor: about 0.5 to 4 bits per weight."""
SPARSITY: Final = 0.8
"""Of Test 2."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TestResult:
    """One network in one of the two tests."""

    network: str
    sparsity: float
    """0 in Test 1."""
    shares: Mapping[str, float]
    """Parameters by layer type."""
    metrics: Mapping[str, float]
    """Task metrics of the network that is coded; none without an evaluation."""
    points: Mapping[str, list[Values]]
    """By row, one for each method and quality."""
    ablation: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is measured on every network, and where it is kept."""

    journal: Journal
    rows: Mapping[str, list[Method]]
    qualities: tuple[float, ...] = QUALITIES
    sparsity: float = SPARSITY
    variants: Mapping[str, Variant] = field(default_factory=dict)
    ablation_quality: float = 10.0
    """dB."""
    tell: Tell = lambda _: None
    """Told before every point."""

    def run(
        self, network: str, path: Path, metrics: Metrics | None = None, command: str = ""
    ) -> list[TestResult]:
        """Both tests on a network; `command` is the evaluation's, part of a point's key.

        Raises as `measure` does.
        """
        key = {"model": sha256(path.read_bytes()).hexdigest(), "evaluate": command}
        return [
            self._test(network, coded_network(path, sparsity), sparsity, key, metrics)
            for sparsity in (0.0, self.sparsity)
        ]

    def _test(
        self,
        network: str,
        model: Tensors,
        sparsity: float,
        key: Mapping[str, Any],
        metrics: Metrics | None,
    ) -> TestResult:
        key = {**key, "sparsity": sparsity}

        def point(what: Mapping[str, Any], value: Callable[[], Values]) -> Values:
            words = " ".join(str(each) for each in what.values())
            self.tell(f"{network}, sparsity {sparsity:g}: {words}")
            return self.journal.point({**key, **what}, value)

        own = point({"row": "uncoded"}, lambda: metrics(model) if metrics is not None else {})
        points = {
            row: [
                point(
                    {"row": row, "method": number, "sqnr": sqnr},
                    partial(measure, method, model, sqnr, metrics),
                )
                for number, method in enumerate(methods)
                for sqnr in self.qualities
            ]
            for row, methods in self.rows.items()
        }
        ablation = {
            name: point(
                {"variant": name, "sqnr": self.ablation_quality},
                partial(measure_variant, model, variant, self.ablation_quality),
            )
            for name, variant in self.variants.items()
        }
        return TestResult(network, sparsity, layer_shares(model), own, points, ablation)


def coded_network(path: Path, sparsity: float) -> Tensors:
    """A network of a test: this part of each matrix is set to 0, the smallest magnitudes."""
    settings = EncodeSettings(prune=sparsity)
    return {name: pruned(tensor, settings) for name, tensor in file_model(path).items()}
