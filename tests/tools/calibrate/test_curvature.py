"""What errors of layers do to the outputs of a network, found by random gradients."""

import numpy as np
import pytest
import torch
from torch import nn

from nnref.codec.calibration import open_calibration
from nnref.spec.errors import UsageError
from nnref.tools.calibrate import calibrate_module

TORCH = torch.Generator().manual_seed(7)
NUMBERS = torch.randn(800, 6, generator=TORCH).numpy()


def moments(module, path, inputs, **options):
    calibrate_module(module, {"x": inputs}, path, **options)
    with open_calibration(path) as opened:
        return {name: opened.moments(name) for name in opened.names()}


def filled(module):
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=TORCH) / 3)
    return module


def test_rows_count_what_the_squared_outputs_feel(tmp_path):
    module = filled(nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4)))
    found = moments(module, tmp_path / "c.safetensors", NUMBERS, outputs="values")
    felt = module[1].weight.detach().numpy() ** 2
    assert np.allclose(found["0.weight"].row_gains, felt.mean(0), rtol=0.2)
    assert np.allclose(found["1.weight"].row_gains, 1 / 4, rtol=0.2)


@pytest.mark.parametrize("inplace", [False, True])
def test_written_over_results_count_as_they_were(tmp_path, inplace):
    module = filled(nn.Sequential(nn.Linear(6, 5), nn.ReLU(inplace), nn.Linear(5, 4)))
    found = moments(module, tmp_path / "c.safetensors", NUMBERS, outputs="values")
    with torch.no_grad():
        on = (module[0](torch.from_numpy(NUMBERS)) > 0).double().mean(0).numpy()
    felt = on * (module[2].weight.detach().numpy() ** 2).mean(0)
    assert np.allclose(found["0.weight"].row_gains, felt, rtol=0.25)


def test_gains_say_how_far_the_outputs_move(tmp_path):
    """For convolutions, groups and any batch: the error's square is about what was foretold."""
    module = filled(
        nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.Tanh(), nn.Conv2d(6, 3, 2, stride=2))
    )
    images = torch.randn(40, 4, 9, 8, generator=TORCH)
    found = moments(module, tmp_path / "c.safetensors", images.numpy(), batch=7)
    with torch.no_grad():
        expected = module(images)
        for name in ("0.weight", "2.weight"):
            weight = module.state_dict()[name]
            noise = 1e-3 * torch.randn(weight.shape, generator=TORCH)
            weight.add_(noise)
            moved = float(((module(images) - expected) ** 2).mean())
            weight.sub_(noise)
            columns = found[name].columns
            rows = noise.numpy().reshape(columns.shape[0], -1, columns.shape[1])
            squares = np.einsum("gri,gij,grj->gr", rows, columns, rows).reshape(-1)
            assert moved == pytest.approx(float(squares @ found[name].row_gains), rel=0.4), name


class Tied(nn.Module):
    def __init__(self, *, tied):
        super().__init__()
        self.words = filled(nn.Embedding(11, 6))
        self.head = nn.Linear(6, 11, bias=False) if not tied else None

    def forward(self, tokens):
        weight = self.words.weight if self.head is None else self.head.weight
        return nn.functional.linear(self.words(tokens), weight)


TOKENS = np.repeat(np.arange(4), 50).reshape(40, 5)


def test_rows_that_are_looked_up_count_by_how_often_and_by_their_gradients(tmp_path):
    module = filled(Tied(tied=False))
    found = moments(module, tmp_path / "c.safetensors", TOKENS, outputs="values")
    words, head = found["words.weight"], module.head.weight.detach().double().numpy()
    assert words.rows is None
    assert (words.row_gains[:4] > 0).all()
    assert not words.row_gains[4:].any()
    assert np.corrcoef(words.columns[0].ravel(), (head.T @ head).ravel())[0, 1] > 0.98


def test_tied_weight_counts_as_both(tmp_path):
    found = moments(filled(Tied(tied=True)), tmp_path / "c.safetensors", TOKENS, outputs="values")
    (tied,) = found.values()
    assert tied.columns.shape == (1, 6, 6)
    assert (tied.row_gains[:4] > tied.row_gains[4:].max()).all()
    assert (tied.row_gains[4:] > 0).all()


def test_logits_that_are_sure_count_less_than_those_that_are_not(tmp_path):
    gains = []
    for scale in (1.0, 30.0):
        module = filled(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4)))
        with torch.no_grad():
            module[2].weight *= scale
        gains.append(moments(module, tmp_path / "c.safetensors", NUMBERS)["2.weight"].row_gains)
    assert gains[1].sum() < 0.5 * gains[0].sum()


def test_moments_alone_are_collected_where_no_outputs_are_looked_at(tmp_path):
    found = moments(nn.Linear(6, 5), tmp_path / "c.safetensors", NUMBERS, outputs="none")
    assert found["weight"].row_gains is None


class Shapes(nn.Module):
    """Its outputs do not depend on any weight by gradients."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 5)

    def forward(self, x):
        return self.inner(x).argmax(-1)


class Record(nn.Module):
    def __init__(self, form):
        super().__init__()
        self.inner, self.form = nn.Linear(6, 5), form

    def forward(self, x):
        return self.form(self.inner(x))


def test_outputs_without_gradients_are_refused_with_a_way_out(tmp_path):
    with pytest.raises(UsageError, match="--outputs none"):
        calibrate_module(Shapes(), {"x": NUMBERS}, tmp_path / "c.safetensors")
    calibrate_module(Shapes(), {"x": NUMBERS}, tmp_path / "c.safetensors", outputs="none")


@pytest.mark.parametrize("form", [lambda y: (y, 1), lambda y: {"logits": y}])
def test_first_of_several_outputs_counts(tmp_path, form):
    module = Record(form)
    assert moments(module, tmp_path / "c.safetensors", NUMBERS)["inner.weight"].row_gains.any()
