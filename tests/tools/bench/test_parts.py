"""Every part of the benchmark runs at toy size; nothing here looks at a time."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from nnref.conformance.interop.client import Peer
from nnref.tools.bench import large
from nnref.tools.bench.__main__ import main
from nnref.tools.bench.child import use_every_kernel
from nnref.tools.bench.kernels import measure_rate
from nnref.tools.bench.large import Shape, measure_growth, measure_large_memory
from nnref.tools.bench.many import measure_many
from nnref.tools.bench.models import measure_model
from nnref.tools.bench.profiling import profile_model
from nnref.tools.bench.workload import SPREADS, laplacian, synthetic_model


@pytest.fixture
def peer():
    python = os.environ.get("NNREF_PEER_PYTHON")
    if python is None:
        pytest.skip("NNREF_PEER_PYTHON is not set")
    with Peer(Path(python)) as peer:
        yield peer


@pytest.mark.parametrize(("dq", "rate"), SPREADS)
def test_coder_and_quantizer_are_measured_without_a_peer(dq, rate):
    title, rows = measure_rate(dq, rate, 900, 1, None)
    assert title.endswith("900 weights")
    assert {row.what for row in rows} >= {"quantize", "decode", "encode, exact search"}
    assert {row.ratio for row in rows} == {None}


def test_many_payloads_are_measured_without_a_peer():
    rows = measure_many(5, 50_000, 1, None)
    assert [row.what for row in rows] == ["decode, 1 thread", "decode, 2 threads"]
    assert {row.ratio for row in rows} == {None}


def test_model_rows_state_the_bytes_of_the_stream():
    rows = {row.what: row for row in measure_model(synthetic_model(2, 100), 1, None)}
    assert list(rows) == ["encode", "decode", "stream"]
    assert 0 < rows["stream"].ours < 2 * 100 * 4


def test_large_files_are_measured():
    shape = Shape(2, 20_000)
    rows = {row.what: row.ours for row in measure_large_memory(shape)}
    assert 0 < rows["stream"] < rows["tensor file"]
    assert 0 < rows["nnref loaded, above it"] <= rows["decode, above it"]


def test_growth_names_every_size(monkeypatch):
    monkeypatch.setattr(large, "STEPS", 1)
    rows = [row.what for row in measure_growth(Shape(2, 40_000))]
    assert rows == [
        f"{what}, {model}"
        for model in ("2 tensors, 40000 weights", "1 tensors, 10000 weights")
        for what in ("encode", "decode")
    ]


def test_profile_names_the_functions_of_both_ways():
    text = profile_model({"weight": laplacian(400, 1.0)}, entries=3)
    assert text.count("tottime") == 2
    assert text.index("== encode") < text.index("== decode")


def test_child_uses_the_kernels_without_error():
    use_every_kernel()


def test_command_line_writes_what_it_measured(tmp_path):
    path = tmp_path / "out.json"
    arguments = ["kernels", "--weights", "400", "--rounds", "1", "--json", str(path)]
    result = CliRunner().invoke(main, arguments, env={"NNREF_PEER_PYTHON": ""})
    assert result.exit_code == 0, result.output
    assert len(json.loads(path.read_text())["tables"]) == len(SPREADS)


@pytest.mark.interop
def test_peer_gives_the_same_results_and_every_speed_has_a_ratio(peer):
    for dq, rate in SPREADS:
        _, rows = measure_rate(dq, rate, 900, 1, peer)
        assert all(row.ratio for row in rows)
    assert all(row.ratio for row in measure_many(3, 30_000, 1, peer))
    assert all(row.ratio for row in measure_model(synthetic_model(2, 100), 1, peer))
