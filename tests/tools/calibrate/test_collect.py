"""Moments of what torch modules multiply by their weights."""

import numpy as np
import pytest
import torch
from torch import nn

from nnref.codec import decode, encode
from nnref.codec.calibration import open_calibration
from nnref.spec.errors import FileError, UsageError
from nnref.tools.calibrate import calibrate_module, module_of

TORCH = torch.Generator().manual_seed(3)
IMAGES = torch.randn(5, 4, 9, 8, generator=TORCH).numpy()


def convolution(*arguments, **options):
    return nn.Sequential(nn.Conv2d(4, 6, *arguments, **options))


def moments(module, path, inputs=None, **options):
    calibrate_module(module, {"x": IMAGES} if inputs is None else inputs, path, **options)
    with open_calibration(path) as opened:
        return {name: opened.moments(name) for name in opened.names()}


def squared_output(weight, found):
    """The sum over rows of w H w', which is the mean square of the outputs times their number."""
    groups, columns, _ = found.columns.shape
    rows = weight.detach().double().numpy().reshape(groups, -1, columns)
    return np.einsum("gri,gij,grj->", rows, found.columns.astype(float), rows)


@pytest.mark.parametrize(
    "layer",
    [
        convolution(3, bias=False),
        convolution((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), bias=False),
        convolution(3, padding="same", bias=False),
        convolution((2, 4), padding="same", dilation=(3, 1), bias=False),
        convolution(3, padding="valid", padding_mode="reflect", bias=False),
        convolution(3, padding=1, padding_mode="circular", bias=False),
        convolution(1, groups=2, bias=False),
        nn.Sequential(nn.Conv2d(4, 8, 3, groups=4, bias=False)),
        nn.Sequential(nn.Flatten(1, 2), nn.Conv1d(36, 6, 3, stride=2, padding=1, bias=False)),
        nn.Sequential(nn.Flatten(1, 2), nn.Conv1d(36, 12, 2, groups=6, padding="same", bias=False)),
        nn.Sequential(nn.Flatten(1, 2), nn.Linear(8, 7, bias=False)),
        nn.Sequential(nn.Flatten(), nn.Linear(288, 7, bias=False)),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_moments_say_what_the_outputs_are(layer, tmp_path):
    weight = layer[-1].weight
    (found,) = moments(layer, tmp_path / "c.safetensors", batch=2).values()
    with torch.no_grad():
        outputs = layer(torch.from_numpy(IMAGES)).double()
    expected = float((outputs**2).sum()) / found.count
    assert squared_output(weight, found) == pytest.approx(expected, rel=1e-4)
    assert found.count * weight.shape[0] == outputs.numel()


class Words(nn.Module):
    """An embedding, one that is tied to the last layer, and a weight of no module."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(11, 6), nn.Embedding(7, 6)
        self.own = nn.Parameter(torch.randn(6, 6, generator=TORCH))
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.words.weight
        self.unused = nn.Linear(3, 3)

    def forward(self, tokens, places):
        x = self.words(tokens) + self.places(places)
        return self.head(nn.functional.linear(x, weight=self.own))


TOKENS = {
    "tokens": np.arange(12).reshape(4, 3) % 11,
    "places": np.array([[0, 1, 2]] * 4, np.int32),
}


def test_embeddings_are_counted_and_weights_found_wherever_they_are(tmp_path):
    path = tmp_path / "c.safetensors"
    module = Words()
    assert calibrate_module(module, TOKENS, path, outputs="none") == ("unused.weight",)
    with open_calibration(path) as opened:
        assert opened.names() == {"words.weight", "head.weight", "places.weight", "own"}
        places, own = opened.moments("places.weight"), opened.moments("own")
        tied, head = opened.moments("words.weight"), opened.moments("head.weight")
    assert np.allclose(places.rows, [1 / 3, 1 / 3, 1 / 3, 0, 0, 0, 0])
    assert own.columns.shape == (1, 6, 6)
    assert tied.rows is None
    assert np.array_equal(tied.columns, head.columns)


def test_bounded_sums_and_batches_give_the_same_moments(tmp_path):
    module = nn.Sequential(
        nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Flatten(), nn.Linear(252, 5)
    )
    runs = []
    module.register_forward_hook(lambda *_: runs.append(1))
    path = tmp_path / "c.safetensors"
    at_once = moments(module, path, batch=5)
    assert (len(runs), module.training) == (3, True)
    runs.clear()
    one_by_one = moments(module, path, batch=1, max_bytes=1)
    assert len(runs) == 1 + 3 * 5
    for name, found in at_once.items():
        assert np.allclose(found.columns, one_by_one[name].columns, rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize(
    "inputs",
    [{}, {"x": np.zeros((0, 4))}, {"x": np.ones(3), "y": np.ones(4)}, {"x": np.array(1.0)}],
)
def test_inputs_that_are_none_are_refused(inputs, tmp_path):
    with pytest.raises(UsageError) as caught:
        calibrate_module(nn.Linear(4, 4), inputs, tmp_path / "c.safetensors")
    assert caught.value.id == "input-type"


def test_kind_of_outputs_is_a_known_one(tmp_path):
    with pytest.raises(UsageError) as caught:
        calibrate_module(nn.Linear(4, 4), {"x": IMAGES}, tmp_path / "c", outputs="words")
    assert caught.value.id == "setting-unknown"


def test_module_without_products_is_refused(tmp_path):
    with pytest.raises(UsageError, match="none of its weights"):
        calibrate_module(nn.ReLU(), {"x": IMAGES}, tmp_path / "c.safetensors")
    assert not list(tmp_path.iterdir())


def test_network_works_better_at_no_more_bytes(tmp_path):
    generator = torch.Generator().manual_seed(1)
    module = nn.Sequential(
        nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8)
    )
    with torch.no_grad():
        for value in module.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) / value.shape[-1] ** 0.5)
    mixed = torch.randn(8, 40, generator=generator)
    inputs, others = (torch.randn(400, 8, generator=generator) @ mixed for _ in range(2))
    path = tmp_path / "c.safetensors"
    calibrate_module(module, {"x": inputs.numpy()}, path)
    state = {name: value.numpy() for name, value in module.state_dict().items()}

    def error(stream):
        quantized = {name: torch.from_numpy(value) for name, value in decode(stream).items()}
        with torch.no_grad():
            outputs = torch.func.functional_call(module, quantized, (others,))
            return float(((outputs - module(others)) ** 2).mean())

    calibrated = encode(state, calibration=path, sqnr=15)
    usual = min(
        (encode(state, sqnr=q) for q in range(2, 20)),
        key=lambda s: abs(len(s) - len(calibrated) - 20),
    )
    assert len(calibrated) <= len(usual) + 20
    assert error(calibrated) < 0.5 * error(usual)


PROGRAM = """
from torch import nn
def factory(): return nn.Sequential(nn.Linear(3, 2))
def other(): return 3
name = "factory"
"""


def test_module_of_a_program(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    weights = tmp_path / "weights.npz"
    values = {"0.weight": np.ones((2, 3), np.float32), "0.bias": np.zeros(2, np.float32)}
    np.savez(weights, **values)
    module = module_of(f"{path}:factory", str(weights))
    assert torch.equal(module[0].weight, torch.ones(2, 3))
    for wrong in (str(path), f"{path}:", f"{path}:name", f"{path}:none", f"{path}:other"):
        with pytest.raises(UsageError):
            module_of(wrong)
    with pytest.raises(FileError, match="no such file"):
        module_of(f"{path.with_name('absent.py')}:factory")
