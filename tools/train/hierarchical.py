"""Hierarchical compression with training: prune, retrain, group, retrain, fixed point.

After "Hierarchical Compression of Deep Convolutional Neural Networks on Large Scale Visual
Recognition for Mobile Applications" (clause 15.4). Training is the user's: a function that trains a
torch module in place. Needs the extra `torch`.

    found = compress(module, train, evaluate, Recipe(index_bits=5))
    stream = encode(found.state, method="hierarchical", **found.options)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model.torch_file import import_torch
from nnref.codec.model.torch_tensors import to_numpy
from nnref.codec.quantization.shared import nearest_value, shared_values
from nnref.tools.torch_models.fixed_point import Run, layers_with_weights, output_formats
from nnref.tools.train.templates import plain_state

Train = Callable[[Any], object]
"""Trains a module in place, what can be trained of it."""
Evaluate = Callable[[Any], float]
"""What a module is worth; more is better."""
Thresholds = Mapping[str, float]
"""By the name of the weight."""

RATIOS: Final = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
"""Standard deviations, raised step by step."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which stages there are, and how far they go."""

    ratios: tuple[float, ...] = RATIOS
    """Of pruning: thresholds in standard deviations of the layer as it was; none: no pruning."""
    loss: float = 0.01
    """Of the evaluation, that pruning may cost after retraining."""
    index_bits: int | None = 8
    """Of grouping: 2^bits values of a layer, 0 among them; None: no grouping."""
    fixed_point_bits: int | None = None
    """Of the values; None: those of the paper, 6 in fully connected layers, 10 in others."""
    output_bits: int | None = 8
    """Of layer outputs; None: they stay as they are."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage has come to, behind its training."""

    name: str
    ratio: float
    """Of the threshold; 0 before pruning."""
    sparsity: float
    """Zeros among the weights of layers, 0..1."""
    value: float
    """Of the evaluation."""
    kept: bool = True
    """False: it cost too much, and was undone."""


Tell = Callable[[Stage], None]
"""Told what a stage has come to."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """A compressed network, to be encoded with the method "hierarchical" and `options`."""

    state: dict[str, NDArray[Any]]
    """The state dictionary: pruned weights are 0, others share values."""
    options: dict[str, Any]
    stages: list[Stage] = field(default_factory=list)


def compress(
    module: Any,
    train: Train,
    evaluate: Evaluate,
    recipe: Recipe,
    run: Run | None = None,
    tell: Tell = lambda _: None,
) -> Compressed:
    """The stages of a recipe, one on the other, each followed by training; the module is changed.

    Pruning is iterated: the ratio is raised as long as the value after training is within
    `recipe.loss` of the first one. `run` shows what the layers' outputs are like; without it
    `evaluate` does. `tell` is called behind every stage, when the module is as it left it. Raises
    FileError extra-missing, UsageError setting-unknown.
    """
    torch = import_torch("hierarchical compression")
    stages: list[Stage] = []

    def done(name: str, ratio: float, *, least: float | None = None) -> bool:
        value = evaluate(module)
        kept = least is None or value >= least
        stages.append(Stage(name, ratio, sparsity(module), value, kept))
        tell(stages[-1])
        return kept

    done("original", 0.0)
    deviations, least = layer_deviations(module), stages[0].value - recipe.loss
    prune(torch, module, dict.fromkeys(deviations, 0.0))
    reached = 0.0
    for ratio in recipe.ratios:
        before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        prune(torch, module, {name: ratio * each for name, each in deviations.items()})
        train(module)
        if not done("pruned", ratio, least=least):
            module.load_state_dict(before)
            break
        reached = ratio
    if recipe.index_bits is not None:
        group(torch, module, recipe.index_bits)
        train(module)
        done("grouped", reached)
    return Compressed(_state(module), _options(module, recipe, run or evaluate), stages)


def _state(module: Any) -> dict[str, NDArray[Any]]:
    return {name: to_numpy(tensor) for name, tensor in plain_state(module).items()}


def _options(module: Any, recipe: Recipe, run: Run) -> dict[str, Any]:
    """Of the encoder."""
    options: dict[str, Any] = {
        "grouping": recipe.index_bits is not None,
        "shared_bits": recipe.index_bits,
        "fixed_point_bits": recipe.fixed_point_bits,
    }
    if recipe.output_bits is not None:
        options["output_formats"] = output_formats(module, run, recipe.output_bits)
    return options


def layer_deviations(module: Any) -> dict[str, float]:
    """The standard deviation of every layer's weight, zeros included, by the weight's name."""
    layers = layers_with_weights(module).items()
    return {name: float(layer.weight.detach().std(correction=0)) for name, layer in layers}


def sparsity(module: Any) -> float:
    """The part of the weights of layers that is 0."""
    weights = [layer.weight.detach() for layer in layers_with_weights(module).values()]
    return float(sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights))


def prune(torch: Any, module: Any, thresholds: Thresholds) -> None:
    """Set what is smaller than the threshold of its weight to 0, where it stays in training.

    What was pruned before stays so, too. `torch` is the imported package.
    """
    parametrize = torch.nn.utils.parametrize
    for name, layer in layers_with_weights(module).items():
        if not parametrize.is_parametrized(layer, "weight"):
            parametrize.register_parametrization(layer, "weight", _masked(torch, layer.weight))
        kept = layer.weight.detach().abs() >= thresholds[name]
        layer.parametrizations.weight[0].mask.mul_(kept)


def group(torch: Any, module: Any, bits: int) -> None:
    """Let the weights of every layer share 2^bits - 1 values, found by k-means, beside 0.

    Training moves the values, and no weight from one to another; what is 0 stays 0.
    """
    parametrize = torch.nn.utils.parametrize
    for layer in layers_with_weights(module).values():
        if parametrize.is_parametrized(layer, "weight"):
            parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
        shared = _shared(torch, to_numpy(layer.weight.detach()), (1 << bits) - 1)
        parametrize.register_parametrization(layer, "weight", shared)


def _masked(torch: Any, weight: Any) -> Any:
    class Masked(torch.nn.Module):  # type: ignore[misc]  # torch comes at run time
        """A weight of which some numbers are 0."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("mask", torch.ones_like(weight.detach()))

        def forward(self, original: Any) -> Any:
            """The numbers that are left."""
            return original * self.mask

    return Masked()


def _shared(torch: Any, weight: NDArray[np.float32], count: int) -> Any:
    flat = weight.reshape(-1)
    values = shared_values(flat[flat != 0], count)
    indices = np.where(flat == 0, 0, 1 + nearest_value(flat, values)).reshape(weight.shape)

    class Shared(torch.nn.Module):  # type: ignore[misc]
        """Values, and which weight has which; index 0 is that of the number 0."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("indices", torch.from_numpy(indices))

        def forward(self, centroids: Any) -> Any:
            """The weight."""
            return torch.cat([centroids.new_zeros(1), centroids])[self.indices]

        def right_inverse(self, _: Any) -> Any:
            """The values before training."""
            return torch.from_numpy(values)

    return Shared()
