"""`--parameters` of `nnref encode` and `decode`, and what `nnref inspect` shows of them."""

import json

import pytest

SAID = {
    "base_model_id": "resnet20",
    "performance_metric_type": "top-1",
    "validation_set_performance": 0.875,
    "pruning_performance_map": [
        {
            "pruning_ratio": 0.5,
            "ppm_nn_accuracy": 0.75,
            "ppm_class_bitmask": 5,
            "ppm_nn_class_accuracy": [0.5, "0x7fc00000"],
        }
    ],
    "layers": {
        "conv.weight": {
            "pruning_performance_map": [
                {
                    "pruning_ratio": 0.25,
                    "ppm_nn_accuracy": 0.5,
                    "ppm_class_bitmask": 0,
                    "ppm_nn_class_accuracy": [],
                }
            ]
        }
    },
}


@pytest.fixture
def said(tmp_path):
    path = tmp_path / "said.json"
    path.write_text(json.dumps({"schema": "nnref.parameters/1"} | SAID))
    return path


def test_what_is_given_comes_back(run, run_json, model, said, tmp_path):
    stream, back = tmp_path / "m.nnr", tmp_path / "back.json"
    assert run("encode", model, "-o", stream, "--parameters", said)[0] == 0
    output = tmp_path / "out.safetensors"
    assert run("decode", stream, "-o", output, "--parameters", back)[0] == 0
    assert json.loads(back.read_text()) == {"schema": "nnref.parameters/1"} | SAID
    again = tmp_path / "again.nnr"
    run("encode", model, "-o", again, "--parameters", back)
    assert again.read_bytes() == stream.read_bytes()
    _, found, _ = run_json("inspect", stream)
    assert found["parameters"] == SAID


def test_inspect_shows_them_in_short(run, model, said, tmp_path):
    stream = tmp_path / "m.nnr"
    run("encode", model, "-o", stream, "--parameters", said)
    _, out, _ = run("inspect", stream)
    assert "base_model_id: resnet20\n" in out
    assert "validation_set_performance: 0.875\n" in out
    assert "pruning_performance_map: 1 entry\n" in out
    assert "layers: 1 layer with maps\n" in out


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[]", "file-format"),
        ("{", "file-format"),
        ('{"accuracy": 1}', "setting-unknown"),
        ('{"pruning_performance_map": [{}]}', "element-missing"),
    ],
)
def test_a_file_of_another_form_is_refused_by_rule(run, model, tmp_path, text, rule):
    path = tmp_path / "said.json"
    path.write_text(text)
    status, _, err = run("encode", model, "-o", tmp_path / "m.nnr", "--parameters", path)
    assert status != 0
    assert f"error[{rule}]" in err
    assert not (tmp_path / "m.nnr").exists()


def test_a_missing_file_is_a_file_error(run, model, tmp_path):
    status, _, err = run("encode", model, "-o", tmp_path / "m.nnr", "--parameters", "no.json")
    assert (status, "no.json" in err) == (7, True)


def test_of_several_streams_there_is_no_file(run, stream, tmp_path):
    status, _, err = run("decode", stream, stream, "-o", tmp_path / "o.npz", "--parameters", "p")
    assert status == 2
    assert "--parameters is for one stream" in err
