"""Rules files."""

import json

import pytest

from nnref.codec.encoder.settings import EncodeSettings, Rule
from nnref.spec.errors import FileError, UsageError
from nnref.tools.cli.rules import read_rules, without_effect

TOML = """
[[rule]]
tensors = "*"
qp = -20

[[rule]]
tensors = ["*.bias", "norm*"]
qp = -40
scan-order = 0
dq = false
"""


def written(tmp_path, text, name="rules.toml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_rules_come_in_the_order_of_the_file(tmp_path):
    late = {"qp": -40, "scan_order": 0, "dq": False}
    assert read_rules(written(tmp_path, TOML)) == (
        Rule("*", {"qp": -20}),
        Rule("*.bias", late),
        Rule("norm*", late),
    )


def test_json_says_the_same(tmp_path):
    rules = {"rule": [{"tensors": "*", "qp": -20}, {"tensors": "a?", "sqnr": 30.5}]}
    path = written(tmp_path, json.dumps(rules), "rules.json")
    assert read_rules(path) == (Rule("*", {"qp": -20}), Rule("a?", {"sqnr": 30.5}))


def test_every_matching_rule_applies_and_the_later_wins(tmp_path):
    settings = EncodeSettings(qp=-10, rules=read_rules(written(tmp_path, TOML)))
    assert (settings.for_tensor("conv.weight").qp, settings.for_tensor("conv.weight").dq) == (
        -20,
        True,
    )
    assert (settings.for_tensor("conv.bias").qp, settings.for_tensor("conv.bias").dq) == (
        -40,
        False,
    )


def test_empty_file_has_no_rules(tmp_path):
    assert read_rules(written(tmp_path, "")) == ()


@pytest.mark.parametrize("text", ["[[rule]", "rule = ", "a = 1\na = 2"])
def test_file_that_is_no_toml_is_refused(tmp_path, text):
    with pytest.raises(FileError) as caught:
        read_rules(written(tmp_path, text))
    assert caught.value.id == "file-format"
    assert "rules.toml" in caught.value.detail


def test_file_that_is_no_utf8_is_refused(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(FileError) as caught:
        read_rules(path)
    assert caught.value.id == "file-format"


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(FileError) as caught:
        read_rules(tmp_path / "none.toml")
    assert caught.value.id == "file-not-found"


@pytest.mark.parametrize(
    "text",
    [
        'qp = 3\n[[rule]]\ntensors = "*"',
        '[rule]\ntensors = "*"',
        "rule = [1]",
        "[[rule]]\nqp = 3",
        "[[rule]]\ntensors = 3",
        "[[rule]]\ntensors = [3]",
    ],
)
def test_file_of_another_form_is_refused(tmp_path, text):
    with pytest.raises(UsageError) as caught:
        read_rules(written(tmp_path, text))
    assert caught.value.id == "setting-unknown"


def test_unknown_setting_is_refused(tmp_path):
    rules = read_rules(written(tmp_path, '[[rule]]\ntensors = "*"\nquality = 3'))
    with pytest.raises(UsageError) as caught:
        EncodeSettings(rules=rules)
    assert caught.value.id == "setting-unknown"


@pytest.mark.parametrize(
    "setting",
    ['qp = "fine"', "qp = 1.5", "qp = true", 'sqnr = "x"', "dq = 1", "scan_order = 9"],
)
def test_setting_of_another_type_is_refused(tmp_path, setting):
    rules = read_rules(written(tmp_path, f'[[rule]]\ntensors = "*"\n{setting}'))
    with pytest.raises(UsageError) as caught:
        EncodeSettings(rules=rules)
    assert caught.value.id == "setting-unknown"


def test_glob_that_matches_nothing_is_found():
    rules = (Rule("*.bias", {}), Rule("head.*", {}), Rule("a", {}))
    assert without_effect(rules, ["x.bias", "a"]) == ["head.*"]


def test_setting_of_the_whole_stream_is_refused(tmp_path):
    rules = read_rules(written(tmp_path, '[[rule]]\ntensors = "*"\nprofile = 0'))
    with pytest.raises(UsageError) as caught:
        EncodeSettings(rules=rules)
    assert caught.value.id == "setting-conflict"
