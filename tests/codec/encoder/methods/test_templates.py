"""Clause 15.5: models encoded with templates."""

import numpy as np
import pytest

from nnref.codec import decode, encode, encode_file
from nnref.spec.errors import NnrError
from nnref.spec.process import decode_stream
from nnref.spec.syntax import read_units

TEMPLATES = {"method": "templates"}


def made_of_templates(count=5, shape=(16, 8, 3, 3), noise=0.02, seed=0):
    """A tensor whose kernels are scaled and shifted templates, but for some noise."""
    random = np.random.default_rng(seed)
    size = int(np.prod(shape[2:]))
    chosen = random.normal(size=(count, size))[random.integers(0, count, shape[:2])]
    scale = random.normal(size=(*shape[:2], 1))
    offset = 0.1 * random.normal(size=(*shape[:2], 1))
    values = scale * chosen + offset + noise * random.normal(size=chosen.shape)
    return values.reshape(shape).astype(np.float32)


WEIGHT = made_of_templates()


def sqnr(values, decoded):
    error = (values.astype(np.float64) - decoded) ** 2
    return 10 * np.log10(np.sum(values.astype(np.float64) ** 2) / np.sum(error))


def unit_types(stream):
    return [unit.type_name for unit in read_units(stream) if unit.has_tensors]


def test_templates_are_used_where_they_take_fewer_bytes_for_no_more_error():
    plain, with_templates = (
        encode({"w": WEIGHT}, sqnr=30),
        encode({"w": WEIGHT}, sqnr=30, **TEMPLATES),
    )
    assert len(with_templates) < 0.75 * len(plain)
    assert unit_types(with_templates) == ["private(61)"]
    assert sqnr(WEIGHT, decode(with_templates)["w"]) >= 30


def test_templates_are_not_used_where_kernels_have_nothing_in_common():
    random = np.random.default_rng(1).normal(size=(16, 8, 3, 3)).astype(np.float32)
    plain, with_templates = (
        encode({"w": random}, sqnr=20),
        encode({"w": random}, sqnr=20, **TEMPLATES),
    )
    assert with_templates == plain


@pytest.mark.parametrize("shape", [(40, 30), (60,), (16, 16, 1, 1), (8, 8, 3)])
def test_tensors_without_kernels_are_coded_as_ever(shape):
    values = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    assert encode({"w": values}, templates=2, **TEMPLATES) == encode({"w": values})


def test_number_that_is_asked_for_is_used_whatever_it_costs(tmp_path):
    random = np.random.default_rng(1).normal(size=(6, 5, 2, 2)).astype(np.float32)
    report = encode_file({"w": random}, tmp_path / "s", templates=7, sqnr=25, **TEMPLATES)
    assert report.tensors[0].tools[:3] == ("templates", "templates7", "residual")
    assert report.tensors[0].unit_bytes < report.total_bytes
    assert report.tensors[0].sqnr >= 25
    *_, unit = read_units((tmp_path / "s").read_bytes())
    assert unit.fields["template_header"]["template_count_minus1"] == 6


def test_there_are_no_more_templates_than_kernels():
    few = WEIGHT[:2, :2]
    stream = encode({"w": few}, templates=4096, template_residual=False, **TEMPLATES)
    *_, unit = read_units(stream)
    assert unit.fields["template_header"]["template_count_minus1"] == 3
    assert sqnr(few, decode(stream)["w"]) > 40


def test_without_a_residual_few_templates_stand_for_kernels_made_of_them():
    options = {"templates": 5, "template_residual": False}
    stream = encode({"w": WEIGHT}, **options, **TEMPLATES)
    assert sqnr(WEIGHT, decode(stream)["w"]) > 25
    signed = encode({"w": WEIGHT}, template_distance="signed", **options, **TEMPLATES)
    assert sqnr(WEIGHT, decode(signed)["w"]) < 20, "kernels of both signs share no template"


def test_literal_decoder_gives_the_same_numbers():
    for options in ({"templates": 4}, {"templates": 3, "template_residual": False, "dq": False}):
        stream = encode({"w": WEIGHT[:4]}, sqnr=20, **options, **TEMPLATES)
        (literal,) = decode_stream(stream).tensors
        expected = np.array(literal.values, np.float32).reshape(WEIGHT[:4].shape)
        assert decode(stream)["w"].tobytes() == expected.tobytes()


@pytest.mark.parametrize("effort", ["fast", "best"])
def test_every_effort_codes_templates(effort):
    stream = encode({"w": WEIGHT}, sqnr=30, effort=effort, templates=5, **TEMPLATES)
    assert unit_types(stream) == ["private(61)"]
    assert sqnr(WEIGHT, decode(stream)["w"]) >= 29.9


@pytest.mark.parametrize("value", [0.0, 3.0])
def test_constant_kernels_are_offsets(value):
    values = np.full((4, 4, 3, 3), value, np.float32)
    for residual in (True, False):
        options = {"templates": 2, "template_residual": residual}
        decoded = decode(encode({"w": values}, sqnr=40, **options, **TEMPLATES))["w"]
        assert np.abs(decoded - values).max() <= 0.03 * value


def test_data_type_index_and_names_by_index_go_with_templates():
    values = WEIGHT.astype(np.float16)
    options = {"templates": 5, "index": True, "indexed_names": True}
    stream = encode({"a": np.ones((2, 2), np.float32), "w": values}, **options, **TEMPLATES)
    decoded = decode(stream)["w"]
    assert decoded.dtype == np.float16
    assert sqnr(values.astype(np.float32), decoded.astype(np.float32)) >= 40


def test_updates_are_coded_without_templates():
    base = encode({"w": WEIGHT})
    update = encode({"w": 1.1 * WEIGHT}, base=base, templates=4, **TEMPLATES)
    assert unit_types(update) == ["NNR_NDU"]


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"method": "something"}, "setting-unknown"),
        ({"templates": 0}, "setting-unknown"),
        ({"templates": 5000}, "setting-unknown"),
        ({"template_distance": "cosine"}, "setting-unknown"),
        ({"template_residual": False}, "setting-conflict"),
        ({"compatible": True}, "setting-conflict"),
        ({"lnq": "auto"}, "setting-conflict"),
    ],
)
def test_settings_that_mean_nothing_are_refused(options, rule):
    with pytest.raises(NnrError) as caught:
        encode({"w": WEIGHT}, **(TEMPLATES | options))
    assert caught.value.id == rule
