"""`--topology` of `nnref encode` and `decode`."""

import pytest

from nnref.codec.model import open_model


@pytest.mark.parametrize(
    ("name", "storage"),
    [("net.onnx", 2), ("net.nnef", 1), ("net.PT", 3), ("net.pb", 4), ("net.txt", 0)],
)
@pytest.mark.parametrize("options", [(), ("--topology-deflate",)])
def test_a_file_is_carried_and_restored(run, run_json, model, tmp_path, name, storage, options):
    path, stream, back = tmp_path / name, tmp_path / "m.nnr", tmp_path / "back"
    path.write_bytes(b"\0graph\xff\0" * 50)
    assert run("encode", model, "-o", stream, "--topology", path, *options)[0] == 0
    status, _, err = run("decode", stream, "-o", tmp_path / "o.npz", "--topology", back, "-q")
    assert (status, "error" in err) == (0, False)
    assert back.read_bytes() == path.read_bytes()
    _, found, _ = run_json("inspect", stream)
    (topology,) = found["topologies"]
    assert topology["topology_storage_format"] == storage
    assert topology["topology_compression_format"] == len(options)
    assert "topology: NNR_TPL_" in run("inspect", stream)[1]


def test_the_format_can_be_named(run, run_json, model, tmp_path):
    path, stream = tmp_path / "net.txt", tmp_path / "m.nnr"
    path.write_bytes(b"graph")
    options = ("--topology", path, "--topology-format", "onnx")
    assert run("encode", model, "-o", stream, *options)[0] == 0
    assert run_json("inspect", stream)[1]["topologies"][0]["format"] == "NNR_TPL_ONNX"


def test_of_a_safetensors_file_the_header_is_carried(run, model, tmp_path):
    stream, header = tmp_path / "m.nnr", tmp_path / "header.json"
    assert run("encode", model, "-o", stream, "--topology", model)[0] == 0
    output = tmp_path / "out.safetensors"
    assert run("decode", stream, "-o", output, "--topology", header)[0] == 0
    size = int.from_bytes(model.read_bytes()[:8], "little")
    assert header.read_bytes() == model.read_bytes()[8 : 8 + size].rstrip(b" ")
    with open_model(output) as source, open_model(model) as original:
        assert source.metadata == original.metadata


@pytest.mark.parametrize("option", [("--topology-deflate",), ("--topology-format", "onnx")])
def test_options_of_a_topology_need_one(run, model, tmp_path, option):
    status, _, err = run("encode", model, "-o", tmp_path / "m.nnr", *option)
    assert status == 2
    assert "need --topology" in err


def test_a_stream_without_topology_has_none_to_write(run, stream, tmp_path):
    options = ("-o", tmp_path / "o.npz", "--topology", tmp_path / "t")
    status, _, err = run("decode", stream, *options)
    assert status == 2
    assert "error[topology-choice]" in err
    assert not (tmp_path / "t").exists()


def test_a_packed_topology_is_bounded_by_a_limit(run, model, tmp_path):
    path, stream = tmp_path / "net.onnx", tmp_path / "m.nnr"
    path.write_bytes(bytes(100_000))
    run("encode", model, "-o", stream, "--topology", path, "--topology-deflate")
    options = ("-o", tmp_path / "o.npz", "--topology", tmp_path / "t")
    status, _, err = run("decode", stream, *options, "--limit", "max_topology_bytes=99999")
    assert (status, "error[limit-topology-bytes]" in err) == (5, True)
    assert run("decode", stream, *options)[0] == 0
