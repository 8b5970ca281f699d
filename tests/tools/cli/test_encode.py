"""`nnref encode`."""

import numpy as np
import pytest

from nnref.codec import open_stream

KEYS = ["schema", "model", "stream", "bytes", "tensor_bytes", "tensors", "warnings"]
TENSOR_KEYS = [
    "name",
    "shape",
    "dtype",
    "payload_type",
    "tools",
    "bytes",
    "qp",
    "sqnr",
    "output_sqnr",
    "max_error",
    "lnq",
]


def test_stream_is_written_and_summed_up(run, model, tmp_path):
    out = tmp_path / "out.nnr"
    status, text, err = run("encode", model, "-o", out)
    assert (status, err) == (0, "")
    assert text.startswith(f"{out}: {out.stat().st_size:,} bytes for ")
    assert "lowest SQNR" in text
    assert text.count("\n") == 1


def test_json_has_documented_keys(run_json, model, tensors, tmp_path):
    out = tmp_path / "out.nnr"
    status, found, _ = run_json("encode", model, "-o", out)
    assert status == 0
    assert found["schema"] == "nnref.encode/1"
    assert list(found) == KEYS
    assert found["bytes"] == out.stat().st_size
    assert found["tensor_bytes"] == sum(array.nbytes for array in tensors.values())
    assert [row["name"] for row in found["tensors"]] == list(tensors)
    assert all(list(row) == TENSOR_KEYS for row in found["tensors"])
    steps = next(row for row in found["tensors"] if row["name"] == "steps")
    assert (steps["shape"], steps["dtype"], steps["qp"], steps["sqnr"]) == ([], "int64", None, None)


def test_summary_says_when_nothing_was_lost(run, model, tmp_path):
    _, text, _ = run("encode", model, "-o", tmp_path / "o.nnr", "--lossless")
    assert text.endswith("; nothing was lost\n")


def test_quiet_prints_nothing(run, model, tmp_path):
    assert run("encode", model, "-o", tmp_path / "o.nnr", "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("options", "tensor", "expected"),
    [
        (["--qp", "-20"], "conv.weight", {"qp": -20, "dq_flag": 1, "scan_order": 0}),
        (["--qp", "-20", "--no-dq"], "conv.weight", {"qp": -20, "dq_flag": 0}),
        (["--scan-order", "1"], "conv.weight", {"scan_order": 1}),
        (["--nonweight-qp", "-40"], "conv.bias", {"qp": -40}),
        (["--lossless"], "conv.bias", {"qp": None}),
        (["--qp", "-9", "--qp-density", "1"], "conv.weight", {"qp": -9}),
    ],
)
def test_options_reach_the_encoder(run_json, model, tmp_path, options, tensor, expected):
    out = tmp_path / "out.nnr"
    status, found, _ = run_json("encode", model, "-o", out, *options)
    assert status == 0
    row = next(row for row in found["tensors"] if row["name"] == tensor)
    written = dict(open_stream(out).info(tensor).unit.fields) | row
    assert {name: written[name] for name in expected} == expected


def test_quality_in_db_is_reached_by_every_tensor(run_json, model, tmp_path):
    _, found, _ = run_json("encode", model, "-o", tmp_path / "o.nnr", "--sqnr", "33")
    assert all(row["sqnr"] is None or row["sqnr"] >= 33 for row in found["tensors"])


def test_step_bounds_the_error(run_json, model, tmp_path):
    nearest = ("--step", "0.004", "--no-dq", "--lambda", "0")
    _, found, _ = run_json("encode", model, "-o", tmp_path / "o", *nearest)
    weight = found["tensors"][0]
    assert 0 < weight["max_error"] <= 0.002 * 1.001


def test_profile_is_that_of_the_start_unit(run, model, tmp_path):
    out = tmp_path / "out.nnr"
    assert run("encode", model, "-o", out, "--profile", "0")[0] == 0
    assert out.read_bytes()[3] == 0


def test_rules_file_sets_tensors_by_glob(run_json, model, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\ntensors = "conv.*"\nqp = -30\n[[rule]]\ntensors = "*.bias"\nqp = -50\n'
        '[[rule]]\ntensors = "head.*"\nqp = 3\n'
    )
    encode = ("encode", model, "-o", tmp_path / "o", "--qp", "-10", "--rules", rules)
    _, found, err = run_json(*encode)
    assert err == f"nnref: warning: {rules}: no tensor matches 'head.*'\n"
    qps = {row["name"]: row["qp"] for row in found["tensors"]}
    assert (qps["conv.weight"], qps["conv.bias"], qps["half"]) == (-30, -50, -10)


@pytest.mark.parametrize(
    ("options", "status", "rule_id"),
    [
        (["--qp", "1", "--sqnr", "3"], 2, "setting-conflict"),
        (["--qp", "99999"], 2, "qp-out-of-range"),
        (["--step", "-1"], 2, "step-out-of-range"),
        (["--scan-order", "5"], 2, "usage"),
        (["--rules", "none.toml"], 7, "file-not-found"),
    ],
)
def test_what_cannot_be_done_is_refused(run, model, tmp_path, options, status, rule_id):
    out = tmp_path / "out.nnr"
    found, text, err = run("encode", model, "-o", out, *options)
    assert (found, text) == (status, "")
    assert err.startswith(f"nnref: error[{rule_id}]: ")
    assert err.count("\n") == 1
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "content"), [("none.npz", None), ("text.safetensors", b"no"), ("model.what", b"")]
)
def test_model_that_cannot_be_read_is_a_file_error(run, tmp_path, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    status, _, err = run("encode", path, "-o", tmp_path / "out.nnr")
    assert status == 7
    assert err.startswith("nnref: error[file-")
    assert list(tmp_path.glob("out*")) == []


def test_output_that_cannot_be_written_is_a_file_error(run, model, tmp_path):
    status, _, err = run("encode", model, "-o", tmp_path / "none" / "out.nnr")
    assert status == 7
    assert err.startswith("nnref: error[file-write]: ")


def test_non_finite_values_are_refused_or_kept(run, tmp_path):
    import numpy as np

    from nnref.codec import decode

    path, out = tmp_path / "nan.npz", tmp_path / "out.nnr"
    values = np.array([[np.nan, 1], [np.inf, 2]], np.float32)
    np.savez(path, a=values)
    status, _, err = run("encode", path, "-o", out)
    assert status == 2
    assert err.startswith("nnref: error[tensor-not-finite]: tensor 'a'")
    assert run("encode", path, "-o", out, "--non-finite", "raw")[0] == 0
    assert decode(out)["a"].tobytes() == values.tobytes()


def test_tensor_that_becomes_zero_is_warned_of(run, tmp_path):
    import numpy as np

    path = tmp_path / "small.npz"
    np.savez(path, a=np.full((4, 4), 1e-6, np.float32))
    status, _, err = run("encode", path, "-o", tmp_path / "out.nnr", "--qp", "-4")
    assert status == 0
    assert err.startswith("nnref: warning: tensor 'a' decodes to zeros")


def test_model_is_not_overwritten(run, model):
    content = model.read_bytes()
    status, _, err = run("encode", model, "-o", model)
    assert status == 2
    assert err.startswith("nnref: error[setting-conflict]: ")
    assert model.read_bytes() == content


@pytest.mark.parametrize(("size", "entries"), [("4", 4), ("auto", None)])
def test_codebook_is_a_number_or_auto(run, model, tmp_path, size, entries):
    out = tmp_path / "out.nnr"
    assert run("encode", model, "-o", out, "--codebook", size)[0] == 0
    codebook = open_stream(out).info("conv.weight").member.codebook
    assert (codebook and len(codebook)) == entries
    status, _, err = run("encode", model, "-o", out, "--codebook", "few")
    assert status == 2
    assert "'few' is neither an integer nor 'auto'" in err


def test_layers_share_units_by_name_or_as_a_file_says(run, model, tmp_path):
    out, blocks = tmp_path / "out.nnr", tmp_path / "blocks.json"
    blocks.write_text('[{"weight": "conv.weight", "bias": "conv.bias"}]')
    for option in ("auto", blocks):
        assert run("encode", model, "-o", out, "--blocks", option, "--indexed-names")[0] == 0
        stream = open_stream(out)
        assert stream.info("conv.bias").unit.index == stream.info("conv.weight").unit.index
        assert run("verify", out, "--against", model)[0] == 0


@pytest.mark.parametrize(
    ("text", "status", "rule_id"),
    [
        (None, 7, "file-not-found"),
        ("{", 7, "file-format"),
        ("{}", 2, "setting-unknown"),
        ('[{"bias": "conv.bias"}]', 2, "setting-unknown"),
        ('[{"weight": "conv.weight", "bias": 3}]', 2, "setting-unknown"),
        ('[{"weight": "conv.weight", "bias": "gone"}]', 2, "block-members"),
    ],
)
def test_a_wrong_blocks_file_is_refused(run, model, tmp_path, text, status, rule_id):
    blocks = tmp_path / "blocks.json"
    if text is not None:
        blocks.write_text(text)
    found, _, err = run("encode", model, "-o", tmp_path / "out.nnr", "--blocks", blocks)
    assert found == status
    assert err.startswith(f"nnref: error[{rule_id}]: ")


def test_what_a_stream_leaves_out_is_in_a_file_beside_it(run, model, tmp_path):
    out, sidecar, back = tmp_path / "out.nnr", tmp_path / "out.json", tmp_path / "back.npz"
    known = ("--out-of-band", sidecar)
    assert run("encode", model, "-o", out, *known)[0] == 0
    assert run("decode", out, "-o", back)[0] == 4
    assert run("decode", out, "-o", back, *known)[0] == 0
    assert run("verify", out, "--against", model, *known)[0] == 0
    assert "8x3x3x3" in run("inspect", out, *known)[1]


@pytest.mark.parametrize(
    "text",
    ["[", "[]", "{}", '{"tensors": {"a": 3}}', '{"tensors": {"a": {"tensor_dimensions": [-1]}}}'],
)
def test_a_wrong_file_beside_a_stream_is_refused(run, stream, tmp_path, text):
    sidecar = tmp_path / "sidecar.json"
    sidecar.write_text(text)
    status, _, err = run("inspect", stream, "--out-of-band", sidecar)
    assert status == 7
    assert err.startswith("nnref: error[file-format]: ")


def test_matrices_are_coded_as_factors_on_request(run, model, tmp_path):
    out = tmp_path / "out.nnr"
    assert run("encode", model, "-o", out, "--low-rank", "0.8")[0] == 0
    assert "low-rank" in open_stream(out).info("conv.weight").tools
    assert run("encode", model, "-o", out, "--low-rank", "auto")[0] == 0
    assert run("encode", model, "-o", out, "--low-rank-error", "0.9")[0] == 0
    assert "low-rank" in open_stream(out).info("conv.weight").tools
    status, _, err = run("encode", model, "-o", out, "--low-rank", "some")
    assert status == 2
    assert "'some' is neither a number nor 'auto'" in err


def test_data_is_split_over_units_of_the_size_asked_for(run, run_json, model, tmp_path):
    whole, parts = tmp_path / "whole.nnr", tmp_path / "parts.nnr"
    run("encode", model, "-o", whole)
    assert run("encode", model, "-o", parts, "--max-unit-bytes", 60)[0] == 0
    _, found, _ = run_json("inspect", parts)
    assert max(unit["bytes"] for unit in found["units"]) == 60
    _, expected, _ = run_json("inspect", whole)
    assert found["totals"]["tensors"] == expected["totals"]["tensors"]
    sizes = {tensor["name"]: tensor["unit_bytes"] for tensor in found["tensors"]}
    assert sizes["conv.weight"] == sum(
        unit["bytes"] for unit in found["units"] if names_in(unit) == ["conv.weight"]
    )
    assert run("verify", parts, "--against", model)[0] == 0


def names_in(unit):
    return [e["value"] for e in unit["elements"] if e["element"] == "topology_elem_id"]


def test_matrices_get_local_scaling_on_request(run, model, tmp_path):
    out, back = tmp_path / "out.nnr", tmp_path / "back.npz"
    assert run("encode", model, "-o", out, "--local-scaling", "--low-rank", "0.8")[0] == 0
    assert {"low-rank", "local-scaling"} <= {*open_stream(out).info("conv.weight").tools}
    assert run("verify", out, "--against", model, "--min-sqnr", "3")[0] == 0
    assert run("decode", out, "-o", back, "--as-coded")[0] == 0
    assert {"conv.weight_G", "conv.weight_H", "conv.weight_scaling"} <= {*np.load(back)}
