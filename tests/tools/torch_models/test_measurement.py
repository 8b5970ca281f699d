"""`python -m nnref.tools.torch_models`: sizes of the forms."""

import numpy as np
import pytest

from nnref.tools.torch_models.__main__ import main
from tests.tools.cli.conftest import write
from tests.tools.torch_models.networks import Plain, settle

STARTS = ("not", "as", "folded", "scaled", "local")

EVALUATOR = """
def evaluate(name, tensors):
    biased = tensors.get("conv1.bias", 0)
    variance = tensors["bn1.running_var"] + 1e-3
    factor = tensors["bn1.weight"] / variance.sqrt()
    weight = tensors["conv1.weight"] * factor.reshape(-1, 1, 1, 1)
    shift = tensors["bn1.bias"] + (biased - tensors["bn1.running_mean"]) * factor
    return {"weight": float(weight.abs().sum()), "shift": float(shift.sum())}
"""


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "plain" / "model.npz"
    path.parent.mkdir()
    state = settle(Plain()).state_dict()
    write(path, {name: np.asarray(tensor) for name, tensor in state.items()})
    return path


def test_every_form_has_its_size_and_the_same_evaluation(capsys, network, tmp_path):
    evaluator = tmp_path / "evaluator.py"
    evaluator.write_text(EVALUATOR)
    main([str(network), "--eps", "0.001", "--sqnr", "80", "--evaluator", str(evaluator)])
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.strip().startswith(STARTS)]
    assert lines[0].strip() == "plain"
    assert [row.count("%") for row in rows] == [0, 1, 1, 1, 1, 1]
    found = [[float(part.split(",")[0]) for part in row.split("weight ")[1].split(" shift ")]
             for row in rows]  # fmt: skip
    np.testing.assert_allclose(found, [found[0]] * 6, rtol=1e-3)
