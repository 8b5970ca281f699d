"""The evaluator of networks that lie beside their program."""

import numpy as np
import pytest

from nnref.tools.examples import evaluate_networks

PROGRAM = """
import torch

{functions}

def kws_dnn(tensors, inputs):
    return inputs @ tensors["w"]

def plain_residual_cnn(tensors, inputs):
    return inputs + tensors["w"]

def ev_kws(function):
    def run(tensors):
        right = function(tensors, torch.eye(2)).argmax(1) == torch.tensor([0, 1])
        return {{"top1_percent": 100.0 * float(right.float().mean()), "n": 2}}
    return run

def ev_lm(function, data):
    return None

def ev_pictures(tensors):
    plain_residual_cnn(tensors, torch.zeros(2, 2))
    return {{"psnr_db": 30.0}}

MODELS = {{"kws_dnn_l": ev_kws(kws_dnn), "filter": ev_pictures}}

def evaluate(name, tensors):
    return MODELS[name](tensors)
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    names = ["resnet_cifar", "resnet_bottleneck_cifar", "vgg_fc", "lenet300", "audio_cnn"]
    names += ["mobilenet_v1", "kws_dscnn", "gpt", "llama"]
    functions = "\n".join(f"def {name}(*given): pass" for name in names)
    (tmp_path / "eval_models.py").write_text(PROGRAM.format(functions=functions))
    monkeypatch.setenv("NNREF_NETWORKS", str(tmp_path))
    evaluate_networks._program.cache_clear()
    yield
    evaluate_networks._program.cache_clear()
    evaluate_networks._references.clear()


def test_divergence_is_that_of_the_logits(program):
    reference = {"w": np.eye(2, dtype=np.float32)}
    assert evaluate_networks.evaluate("kws_dnn_l", reference, reference) == {
        "top1_percent": 100.0,
        "kl": 0.0,
    }
    found = evaluate_networks.evaluate("kws_dnn_l", {"w": -reference["w"]}, reference)
    p = 1 / (1 + np.exp(-1))
    assert found["top1_percent"] == 0.0
    assert found["kl"] == pytest.approx((2 * p - 1) * np.log(p / (1 - p)))


def test_error_of_pictures_is_their_mean_square(program):
    reference = {"w": np.zeros((2, 2), np.float32)}
    found = evaluate_networks.evaluate("filter", {"w": reference["w"] + 0.5}, reference)
    assert found == {"psnr_db": 30.0, "mse": 0.25}
