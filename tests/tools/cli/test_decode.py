"""`nnref decode`."""

import numpy as np
import pytest

from nnref.codec import decode, decode_chain, encode
from nnref.codec.model import numpy_dtype, open_model, stored_dtype
from tests.spec.process.streams import LOW_RANK_CODEBOOKS, UPDATES
from tests.support import shared_dir

from .damage import broken


@pytest.mark.parametrize(
    ("suffix", "warning"),
    [
        (".safetensors", ""),
        (".npz", "nnref: warning: {out}: 1 bfloat16 tensors are stored as float32\n"),
    ],
)
def test_tensors_come_back_in_a_tensor_file(run, stream, tensors, tmp_path, suffix, warning):
    out = tmp_path / f"out{suffix}"
    status, text, err = run("decode", stream, "-o", out)
    assert status == 0
    assert err == warning.format(out=out)
    assert text.startswith(f"{out}: 5 tensors, ")
    expected = decode(stream)
    with open_model(out) as source:
        assert set(source.names()) == set(tensors)
        for name, array in expected.items():
            assert source.info(name).shape == tensors[name].shape
            held = numpy_dtype(stored_dtype(out, str(array.dtype)))
            assert source.read(name).tobytes() == array.astype(held).tobytes()
    assert np.array_equal(expected["steps"], tensors["steps"])


def test_torch_file_comes_back(run, stream, tensors, tmp_path):
    torch = pytest.importorskip("torch")
    out = tmp_path / "out.pt"
    assert run("decode", stream, "-o", out)[0] == 0
    state = torch.load(out, weights_only=True)
    assert list(state) == list(tensors)
    assert state["half"].dtype == torch.bfloat16


def test_json_has_documented_keys(run_json, stream, tensors, tmp_path):
    out = tmp_path / "out.safetensors"
    status, found, _ = run_json("decode", stream, "-o", out)
    assert status == 0
    assert found == {
        "schema": "nnref.decode/1",
        "stream": str(stream),
        "updates": [],
        "output": str(out),
        "bytes": stream.stat().st_size,
        "tensor_bytes": sum(array.nbytes for array in tensors.values()),
        "tensors": [
            {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
            for name, array in tensors.items()
        ],
        "findings": [],
    }


@pytest.mark.parametrize(
    ("kind", "status"),
    [("malformed", 3), ("invalid", 3), ("unsupported", 4), ("truncated", 3), ("empty", 3)],
)
def test_bad_stream_leaves_no_file(run, run_json, stream, tmp_path, kind, status):
    path, out = tmp_path / "bad.nnr", tmp_path / "out.npz"
    path.write_bytes(broken(stream.read_bytes(), kind))
    found, text, err = run("decode", path, "-o", out)
    assert (found, text) == (status, "")
    assert err.startswith("nnref: error[")
    assert err.count("\n") == 1
    found, content, _ = run_json("decode", path, "-o", out)
    assert (found, content["schema"]) == (status, "nnref.error/1")
    assert content["error"]["error"] in err
    assert not out.exists()


def test_limit_is_configurable(run, stream, tmp_path):
    out = tmp_path / "out.npz"
    status, _, err = run("decode", stream, "-o", out, "--limit", "max_tensor_elements=100")
    assert status == 5
    assert err.startswith("nnref: error[limit-tensor-elements]: unit 2 (NNR_NDU), tensor 'conv.w")
    assert run("decode", stream, "-o", out, "--limit", "max_tensor_elements=216")[0] == 0


@pytest.mark.parametrize(
    ("option", "rule_id"),
    [("max_units", "usage"), ("max_units=many", "usage"), ("max_sheep=3", "setting-unknown")],
)
def test_wrong_limit_is_a_usage_error(run, stream, tmp_path, option, rule_id):
    status, _, err = run("decode", stream, "-o", tmp_path / "o.npz", "--limit", option)
    assert status == 2
    assert err.startswith(f"nnref: error[{rule_id}]: ")


def test_tolerated_rule_is_a_warning_and_strict_an_error(run, stream, tmp_path):
    path, out = tmp_path / "odd.nnr", tmp_path / "out.npz"
    path.write_bytes(broken(stream.read_bytes(), "tolerated"))
    status, _, err = run("decode", path, "-o", out)
    assert status == 0
    assert err.startswith("nnref: warning: reserved-bits-nonzero: unit 1 (NNR_MPS)")
    assert run("decode", path, "-o", out, "--strict")[0] == 3


def test_file_that_cannot_be_read_or_written_is_a_file_error(run, stream, tmp_path):
    assert run("decode", tmp_path / "none.nnr", "-o", tmp_path / "o.npz")[0] == 7
    assert run("decode", stream, "-o", tmp_path / "none" / "o.npz")[0] == 7
    assert run("decode", stream, "-o", tmp_path / "o.what")[0] == 7


def test_dialect_of_nncodec_1_reads_otherwise(run, stream, tmp_path):
    status, _, err = run("decode", stream, "-o", tmp_path / "o.npz", "--dialect", "nncodec-1.0")
    assert status == 3
    assert "tensor" in err


def test_input_is_not_overwritten(run, stream, tmp_path):
    path = tmp_path / "stream.npz"
    path.write_bytes(stream.read_bytes())
    status, _, err = run("decode", path, "-o", tmp_path / "." / "stream.npz")
    assert status == 2
    assert err.startswith("nnref: error[setting-conflict]: ")
    assert path.read_bytes() == stream.read_bytes()


@pytest.mark.shared
@pytest.mark.parametrize("name", ["h_hdsp", "h_upd_dq0_tca1"])
def test_update_is_decoded_behind_its_bases(run, tmp_path, name):
    zero, one, two = (
        shared_dir() / "vectors" / "nncodec-2.1.3" / f"{name}_s{step}.nnc" for step in range(3)
    )
    out = tmp_path / "out.npz"
    status, _, err = run("decode", two, "-o", out)
    assert status == 3
    assert err.startswith("nnref: error[base-missing]: ")
    assert run("decode", two, "--base", zero, "--base", one, "-o", out)[0] == 0
    with np.load(two.with_suffix(".npz")) as expected, np.load(out) as found:
        for index, tensor in enumerate(expected["names"]):
            assert np.array_equal(found[str(tensor)], expected[f"t{index}"])
    assert run("verify", two, "--base", zero, "--base", one)[0] == 0


def test_factors_and_scalings_are_composed_unless_asked_for(run, tmp_path):
    path, out = tmp_path / "block.nnr", tmp_path / "out.safetensors"
    path.write_bytes(LOW_RANK_CODEBOOKS)
    for options, names in (
        ((), {"fc.bias", "fc.weight"}),
        (("--as-coded",), {"fc.bias", "fc.weight_G", "fc.weight_H"}),
    ):
        assert run("decode", path, "-o", out, *options)[0] == 0
        with open_model(out) as source:
            assert set(source.names()) == names


def test_updates_are_added_to_the_stream_before_them(run, run_json, tmp_path):
    paths = [tmp_path / f"{index}.nnr" for index in range(3)]
    for path, data in zip(paths, UPDATES, strict=True):
        path.write_bytes(data)
    out = tmp_path / "out.npz"
    for semantics in ("cumulative", "non-cumulative"):
        status, found, _ = run_json("decode", *paths, "-o", out, "--semantics", semantics)
        assert status == 0
        assert found["updates"] == [str(path) for path in paths[1:]]
        expected = decode_chain(paths, semantics=semantics)
        with np.load(out) as arrays:
            assert {name: arrays[name].tolist() for name in arrays} == {
                name: array.tolist() for name, array in expected.items()
            }
    assert run("decode", paths[0], paths[2], "-o", out)[0] == 6


@pytest.mark.parametrize("options", [("--as-coded",), ("--base", "x")])
def test_a_sum_of_streams_is_not_taken_as_coded(run, stream, tmp_path, options):
    status, _, err = run("decode", stream, stream, "-o", tmp_path / "out.npz", *options)
    assert status == 2
    assert options[0] in err


def test_semantics_need_updates(run, stream, tmp_path):
    status, _, err = run("decode", stream, "-o", tmp_path / "o.npz", "--semantics", "cumulative")
    assert status == 2
    assert "needs updates" in err


@pytest.mark.parametrize("command", [["decode", "-o", "out.npz"], ["inspect"], ["verify"]])
def test_a_file_that_is_no_stream_is_said_to_be_what_it_seems(run, tmp_path, command):
    path = tmp_path / "model.nnr"
    with path.open("wb") as file:
        np.savez(file, a=np.zeros(3))
    status, _, err = run(command[0], path, *command[1:])
    assert status == 3
    assert "the file seems to be a zip archive, as .npz and .pt files are" in err


def test_a_damaged_payload_ends_with_the_command_that_shows_it(run, tmp_path):
    damaged = bytearray(encode({"a b": np.ones((40, 40), np.float32) * range(40)}, qp=0))
    damaged[-1] ^= 0x7F
    path = tmp_path / "damaged.nnr"
    path.write_bytes(damaged)
    status, _, err = run("decode", path, "-o", tmp_path / "out.npz")
    assert status == 3
    assert "nnref trace IN.nnr --tensor 'a b' --bins shows every bin" in err
