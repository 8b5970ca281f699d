"""nnref encode to a size, a quality or a bounded loss; what a user's command may do."""

import json
import sys

import numpy as np
import pytest

from nnref.codec import decode
from nnref.codec.model import open_model

BEGIN = "import sys, numpy as np; from safetensors.numpy import load_file; "
TENSORS = BEGIN + "t = load_file(sys.argv[1]); "


@pytest.fixture
def big(tmp_path):
    from safetensors.numpy import save_file

    random = np.random.default_rng(5)
    path = tmp_path / "big.safetensors"
    save_file({"w": random.laplace(size=(50, 40)).astype(np.float32)}, path)
    return path


def command(code):
    return f"'{sys.executable}' -c '{code}' {{model}}"


def test_bytes_and_bits_per_weight_are_met(run, big, tmp_path):
    out = tmp_path / "out.nnr"
    status, printed, _ = run("encode", big, "-o", out, "--target-bytes", "700")
    assert status == 0
    assert 670 <= out.stat().st_size <= 700
    assert "within the target" in printed
    assert run("encode", big, "-o", out, "--target-bpw", "2", "-q")[:2] == (0, "")
    assert out.stat().st_size <= 2 * 2000 / 8


def test_search_is_in_the_object(run_json, big, tmp_path):
    out = tmp_path / "out.nnr"
    status, found, _ = run_json("encode", big, "-o", out, "--min-sqnr", "20")
    assert status == 0
    search = found["search"]
    assert search["trials"][search["kept"]]["bytes"] == found["bytes"] == out.stat().st_size
    assert 20 <= search["trials"][search["kept"]]["sqnr"] < 20.2
    assert search["original_metric"] is None


def test_command_judges_the_decoded_model(run_json, big, tmp_path):
    out = tmp_path / "out.nnr"
    judge = command(TENSORS + 'print("x"); print(float(np.round(t["w"], 7).std())); print()')
    status, found, _ = run_json("encode", big, "-o", out, "--max-loss", "0.01", "--evaluate", judge)
    assert status == 0
    original = open_model(big).read("w")
    assert found["search"]["original_metric"] == pytest.approx(original.std(), rel=1e-5)
    kept = found["search"]["trials"][found["search"]["kept"]]
    assert kept["loss"] <= 0.01
    assert kept["metric"] == pytest.approx(decode(out.read_bytes())["w"].std(), rel=1e-5)


def test_error_as_the_number_falls_the_other_way(run_json, big, tmp_path):
    judge = command(TENSORS + 'print(-float(t["w"].std()))')
    options = ("--max-loss", "0.01", "--lower-is-better", "--evaluate", judge)
    status, found, _ = run_json("encode", big, "-o", tmp_path / "out.nnr", *options)
    assert status == 0
    kept = found["search"]["trials"][found["search"]["kept"]]
    assert kept["loss"] == pytest.approx(kept["metric"] - found["search"]["original_metric"])


@pytest.mark.parametrize(
    ("code", "options", "words"),
    [
        ('print("fine")', (), "printed 'fine' last, which is no number"),
        ("pass", (), "printed '' last"),
        ('sys.exit("no GPU")', (), "ended with status 1: no GPU"),
        ("import time; time.sleep(60)", ("--evaluate-timeout", "0.5"), "took longer than 0.5 s"),
        ('print("nan")', (), "it gives nan for the model"),
    ],
)
def test_command_that_gives_no_number_ends_the_search(run, big, tmp_path, code, options, words):
    out = tmp_path / "out.nnr"
    judge = command("import sys; " + code)
    asked = ("--max-loss", "1", "--evaluate", judge, *options)
    status, _, error = run("encode", big, "-o", out, *asked)
    assert status == 2
    assert "error[evaluation-failed]" in error
    assert words in error
    assert not out.exists()


def test_command_that_cannot_be_started_ends_the_search(run, big, tmp_path):
    asked = ("--max-loss", "1", "--evaluate", "/nowhere/judge {model}")
    status, _, error = run("encode", big, "-o", tmp_path / "out.nnr", *asked)
    assert status == 2
    assert "error[evaluation-failed]: '/nowhere/judge'" in error


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_file_for_the_command_has_the_format_and_the_tensors_of_the_model(
    run, tensors, tmp_path, suffix
):
    from nnref.tools.cli.evaluation import CommandEvaluation

    log = tmp_path / "log"
    code = f'import sys, shutil; shutil.copy(sys.argv[1], "{log}{suffix}"); print(1)'
    judge = CommandEvaluation(command(code), f"x{suffix}", 60)
    assert judge(tensors) == 1.0
    with open_model(f"{log}{suffix}") as source:
        assert set(source.names()) == set(tensors)
        half = source.read("half").astype(np.float32)
    assert np.array_equal(half, tensors["half"].astype(np.float32))


def test_size_out_of_reach_is_refused_with_what_was_reached(run, big, tmp_path):
    out = tmp_path / "out.nnr"
    status, _, error = run("encode", big, "-o", out, "--target-bytes", "20")
    assert status == 2
    assert "error[target-unreachable]" in error
    assert "the smallest stream found has" in error
    assert not out.exists()


def test_factors_of_a_file_weigh_the_tensors(run_json, model, tensors, tmp_path):
    names = [n for n, t in tensors.items() if t.ndim > 1 and t.dtype.kind not in "iub"]
    weighting = tmp_path / "weights.json"
    out = tmp_path / "out.nnr"
    options = ("--target-bytes", "400", "--weighting", weighting)
    found = []
    for factor in (1.0, 1e4):
        weighting.write_text(json.dumps(dict.fromkeys(names, 1.0) | {"half": factor}))
        status, report, _ = run_json("encode", model, "-o", out, *options)
        assert status == 0
        lossless = float("inf")
        found.append({t["name"]: t["sqnr"] or lossless for t in report["tensors"]})
    assert found[1]["half"] > found[0]["half"]


@pytest.mark.parametrize(
    "options",
    [
        ("--target-bytes", "900", "--min-sqnr", "3"),
        ("--target-bytes", "900", "--qp", "-20"),
        ("--max-loss", "1"),
        ("--evaluate", "x {model}"),
        ("--target-bytes", "9", "--evaluate", "x {model}"),
        ("--max-loss", "1", "--evaluate", "x"),
        ("--max-loss", "1", "--evaluate", "'x {model}"),
        ("--lower-is-better",),
        ("--evaluate-timeout", "3", "--target-bytes", "9"),
        ("--weighting", "model"),
        ("--target-bytes", "900", "--base", "x.nnr"),
        ("--weighting", "nowhere.json", "--target-bytes", "900"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, big, tmp_path, options):
    out = tmp_path / "out.nnr"
    status, _, error = run("encode", big, "-o", out, *options)
    assert status in (2, 7)
    assert error.startswith("nnref: error[")
    assert not out.exists()
