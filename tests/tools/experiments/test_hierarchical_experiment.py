"""Hierarchical compression on a small network, retraining for one round, and the report."""

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from nnref.codec import Stream, encode
from nnref.spec.tables.enums import LayerType
from nnref.tools.cli import app
from nnref.tools.experiments import hierarchical, hierarchical_retrained
from nnref.tools.experiments.census import census
from nnref.tools.experiments.document import markdown
from nnref.tools.experiments.hierarchical import COMPOSED, VGG, Row, lnq_bytes, measured
from nnref.tools.experiments.hierarchical_report import draw_networks, report
from nnref.tools.experiments.journal import Journal

RANDOM = np.random.default_rng(3)
MODEL = {
    "conv.weight": RANDOM.normal(size=(8, 4, 3, 3)).astype(np.float32),
    "fc[1].weight": RANDOM.normal(size=(20, 24)).astype(np.float32),
    "fc[1].bias": np.ones(20, np.float32),
}
SOME = (Row(), Row(0.5), Row(index_bits=5), Row(widths=VGG), Row(0.25, 5, VGG), COMPOSED)


@pytest.fixture
def network(tmp_path, monkeypatch):
    monkeypatch.setattr(hierarchical, "ROWS", SOME)
    path = tmp_path / "data" / "net.safetensors"
    path.parent.mkdir()
    save_file(MODEL, path)
    return path


def test_points_are_those_of_their_stages(network, tmp_path):
    found = measured(network, Journal(tmp_path / "points.jsonl"), lambda _: {"top1": 0.5})
    points = found.points
    assert [row.name for row in points] == ["uncoded", "SP", "SG", "SQ", *["SP + SG + SQ"] * 2]
    assert points[Row()]["bytes"] == sum(tensor.nbytes for tensor in MODEL.values())
    assert 0.3 < points[Row(0.5)]["sparsity"] < 0.45
    assert points[Row(index_bits=5)]["mean_index_bits"] == 5.0
    assert points[Row(0.25, 5, VGG)]["bytes"] < points[Row(widths=VGG)]["bytes"]
    assert points[COMPOSED]["lnq_bytes"] is not None


def test_layers_have_the_bits_of_their_class():
    row = Row(widths=(9, 3))
    stream = Stream(encode(MODEL, **row.options(MODEL)))
    assert stream.info("conv.weight").tools == ("hierarchical", "fixed9")
    assert stream.info("fc[1].weight").tools == ("hierarchical", "fixed3")


def test_lnq_codes_the_same_numbers():
    stream = Stream(encode(MODEL, **Row(0.25, 3, VGG).options(MODEL)))
    weights = sum(stream.info(name).unit.size for name in list(MODEL)[:2])
    found = lnq_bytes(stream)
    assert found is not None
    assert found < 1.3 * weights


def test_census_counts_layers_and_all_parameters():
    kinds = census({name: tensor.shape for name, tensor in MODEL.items()})
    assert {kind: (one.layers, one.parameters) for kind, one in kinds.items()} == {
        LayerType.OTHER: (1, 20),
        LayerType.FULLY_CONNECTED: (1, 480),
        LayerType.CONVOLUTION: (1, 288),
        LayerType.POINT_OR_DEPTH_WISE: (0, 0),
    }
    assert sum(one.share for one in kinds.values()) == pytest.approx(1)
    assert census({})[LayerType.OTHER].share == 0


def test_command_writes_the_report_once(network, tmp_path, capsys):
    arguments = ["experiment", "hierarchical", "--data", str(network.parent)]
    arguments += ["--out", str(tmp_path / "out"), "--json"]
    assert app.run(arguments) == 0
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| VGG-16, SP | 75.40 |" in text
    assert "\n## net\n" in text
    assert "| SP + SG + SQ | 0.5 |" in text
    capsys.readouterr()
    assert app.run(arguments) == 0
    assert '"measured": 0' in capsys.readouterr().out


def test_retrained_stages_are_in_the_report(tmp_path, monkeypatch):
    for name, few in (("LOSSES", (0.5,)), ("OUTPUT_BITS", (2,)), ("WIDTHS", (VGG,))):
        monkeypatch.setattr(hierarchical_retrained, name, few)
    monkeypatch.setattr(hierarchical_retrained, "_RATIOS", (0.5,))
    stages = hierarchical_retrained.retrained(torch, Journal(tmp_path / "p.jsonl"), epochs=1)
    names = [stage["stage"] for stage in stages]
    assert names == ["original", "pruned", "grouped", *["coded"] * 2]
    as_they_are, two = stages[3:]
    assert two["top1"] < as_they_are["top1"] - 0.1
    assert abs(as_they_are["top1"] - stages[2]["top1"]) < 0.05
    assert as_they_are["original_bytes"] > 10 * as_they_are["bytes"]
    connections = hierarchical_retrained.digits_connections(torch)
    assert connections == 64 * (9 * 32 + 9 * 32 * 64) + 16 * 9 * 64 * 128 + 2048 * 128 + 1280
    text = markdown(report({}, stages, connections, "command"), tmp_path)
    assert f"{connections:,} connections" in text
    assert "| coded | 0.5 |  |  | 10/6/2 |" in text


def test_pictures_show_the_first_metric(network, tmp_path):
    journal = Journal(tmp_path / "points.jsonl")
    found = measured(network, journal, lambda _: {"top1": 0.5})
    (picture,) = draw_networks({"net": found}, tmp_path)
    assert picture.path.read_text().startswith("<?xml")
    plain = measured(network, journal, command="none")
    assert list(draw_networks({"net": plain}, tmp_path)) == []
