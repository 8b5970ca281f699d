"""The whole experiment on networks of two small layers."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnref.codec import encode
from nnref.conformance.interop.client import PeerError
from nnref.spec.errors import NnrError
from nnref.tools.cli import app
from nnref.tools.experiments.calibrated.experiment import Experiment
from nnref.tools.experiments.calibrated.networks import distance, factory_of
from nnref.tools.experiments.calibrated.outcome import Outcome
from nnref.tools.experiments.calibrated.rows import CALIBRATED, DEFAULT, PEER_SCALING, PEER_URQ
from tests.tools.experiments.calibrated.packs import weights, write_pack


def test_report_and_page_compare_rows_and_points_are_not_measured_twice(tmp_path, capsys):
    write_pack(tmp_path)
    out = tmp_path / "out"
    arguments = ["experiment", "calibrated", "--data", str(tmp_path), "--out", str(out)]
    arguments += ["--seeds", "2", "--row", CALIBRATED, "--row", DEFAULT, "--row", "GGUF Q4_0"]
    assert app.run(arguments) == 0
    lines = [json.loads(line) for line in (out / "points.jsonl").read_text().splitlines()]
    found = [line for line in lines if line["key"].get("row") == CALIBRATED]
    assert {line["key"]["seed"] for line in found} == {0, 1}
    report = (out / "report.md").read_text()
    assert "`nnref experiment calibrated --data DIR --out DIR --seeds 2 --row" in report
    for words in ("## lenet300_mnist", "520 others 2048 drawn", "GGUF Q4_0", "## What fails"):
        assert words in report
    page = (out / "report.html").read_text()
    assert page.count('src="data:image/svg+xml') == page.count("<img") == 2
    assert "<script" not in page
    assert 'href="http' not in page
    assert "fc1.weight" in (out / "pictures" / "lenet300_mnist-layers.svg").read_text()
    means = report.partition("## Geometric means of ratios, whole files")[2]
    row = next(line for line in means.splitlines() if line.startswith(f"| {DEFAULT} |"))
    assert float(row.split("|")[3].split()[0]) > 1.05
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert ": 0 points measured now" in capsys.readouterr().out


@pytest.mark.parametrize("more", [["--network", "other"], ["--row", "other"]])
def test_what_is_not_there_is_refused(tmp_path, capsys, more):
    write_pack(tmp_path)
    arguments = [
        "experiment",
        "calibrated",
        "--data",
        str(tmp_path),
        "--out",
        str(tmp_path / "out"),
    ]
    assert app.run([*arguments, *more]) == 2
    assert "'other': one of" in capsys.readouterr().err


class Net:
    """A network whose outputs are its weights: distance is then that of the tensors."""

    inputs = "none"
    regression = True

    def __init__(self, path):
        self.path = path

    def outputs(self, tensors):
        return np.concatenate([np.asarray(t, np.float32).reshape(-1) for t in tensors.values()])

    def metrics(self, tensors):
        return {"tensors": float(len(tensors))}


class Peer:
    """Decodes to something else, and codes nothing."""

    def decompress(self, stream):
        return {name: value + 1 for name, value in weights().items()}

    def compress(self, model, options):
        raise PeerError("not today")


def test_rows_that_fail_are_named_and_the_others_go_on(tmp_path):
    write_pack(tmp_path)
    net = Net(tmp_path / "models" / "lenet300_mnist" / "model.safetensors")
    experiment = Experiment(tmp_path, [PEER_SCALING, PEER_URQ, DEFAULT], peer=Peer())
    result = experiment.run("net", net)
    assert list(result.points) == [DEFAULT]
    assert result.failures[PEER_SCALING] == "at 15 dB: not today"
    assert {point["distance"] < 0.0024 for point in result.points[DEFAULT]} == {True, False}


def test_streams_that_the_peer_decodes_otherwise_are_told(tmp_path):
    write_pack(tmp_path)
    program = Path(tmp_path / "nets.py")
    program.write_text(
        "from nnref.tools.experiments.calibrated.data_pack import data_pack\n"
        "def nets(data, own):\n"
        "    return {'mine': data_pack(data, own)['lenet300_mnist']}\n"
    )
    network = factory_of(f"{program}:nets")(tmp_path, tmp_path / "own")["mine"]
    result = Experiment(tmp_path, [CALIBRATED], seeds=[4], peer=Peer()).run("mine", network)
    assert all("fc1" in point["peer"] for point in result.points[CALIBRATED])


@pytest.mark.parametrize("program", ["nets", "missing.py:nets", "{here}:other"])
def test_program_without_such_a_function_is_refused(tmp_path, program):
    (tmp_path / "nets.py").write_text("")
    with pytest.raises(NnrError):
        factory_of(program.format(here=tmp_path / "nets.py"))


def test_distance_of_logits_is_the_divergence_of_distributions():
    original = np.log(np.array([[0.5, 0.5], [0.9, 0.1]], np.float32))
    other = np.log(np.array([[0.25, 0.75], [0.9, 0.1]], np.float32)) + 3
    assert distance(other, original, regression=False) == pytest.approx(0.5 * np.log(4 / 3) / 2)
    assert distance(original, original, regression=False) == 0


def test_distance_of_numbers_is_their_noise_to_signal_ratio():
    original = np.array([3.0, 4.0], np.float32)
    assert distance(original + 0.5, original, regression=True) == pytest.approx(0.02)
    assert distance(np.array([1.0, np.nan], np.float32), original, regression=True) == float("inf")


def test_outcome_of_a_stream_has_the_sizes_of_its_units():
    model = weights()
    stream = encode(model, sqnr=20)
    outcome = Outcome.of_stream(model, stream)
    assert list(outcome.layers) == ["fc1.weight", "fc2.weight"]
    assert outcome.weight_size == sum(outcome.layers.values()) < outcome.size == len(stream)
