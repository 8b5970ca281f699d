"""A tiny data pack: the function and the files that the adapter knows of one network."""

import numpy as np
from safetensors.numpy import save_file

EVALUATOR = """
import os
import numpy as np, torch
from safetensors.torch import load_file as load
import torch.nn.functional as F
DATA = []

def lenet300(p, x):
    return F.linear(F.relu(F.linear(x.flatten(1), p["fc1.weight"], p["fc1.bias"])), p["fc2.weight"])

def evaluate(name, p):
    assert name == "lenet300_mnist"
    d = np.load(os.path.join(DATA[0], "mnist_test3000.npz"))
    x = (torch.from_numpy(d["x"]).float() / 255 - .1307) / .3081
    hit = lenet300(p, x).argmax(1) == torch.from_numpy(d["y"]).long()
    return {"top1_percent": 100.0 * float(hit.float().mean()), "n": len(x)}
"""
INPUTS = 1300


def weights():
    random = np.random.default_rng(5)
    return {
        "fc1.weight": random.normal(size=(40, 36)).astype(np.float32) / 6,
        "fc1.bias": random.normal(size=40).astype(np.float32) / 10,
        "fc2.weight": random.normal(size=(10, 40)).astype(np.float32) / 4,
    }


def write_pack(folder):
    """Pictures of 6 x 6 pixels that are mixtures of a few, so that moments say something."""
    random = np.random.default_rng(7)
    mixed = random.uniform(size=(INPUTS, 4)) @ random.uniform(0, 64, size=(4, 36))
    pictures = np.clip(mixed + random.normal(0, 4, mixed.shape), 0, 255)
    (folder / "models" / "lenet300_mnist").mkdir(parents=True)
    (folder / "eval").mkdir()
    (folder / "eval_models.py").write_text(EVALUATOR)
    save_file(weights(), folder / "models" / "lenet300_mnist" / "model.safetensors")
    arrays = {"x": pictures.reshape(-1, 6, 6).astype(np.uint8), "y": np.arange(INPUTS) % 10}
    np.savez(folder / "eval" / "mnist_test3000.npz", **arrays)
