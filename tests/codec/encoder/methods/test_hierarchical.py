"""Clause 15.4: models encoded with hierarchical compression, its stages alone and together."""

import numpy as np
import pytest

from nnref.codec import EncodeSettings, Stream, decode, encode, encode_file
from nnref.codec.encoder.settings import Rule
from nnref.codec.encoder.tensor import pruned
from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.codec.strip import strip
from nnref.spec.errors import NnrError
from nnref.spec.process import decode_stream

HIERARCHICAL = {"method": "hierarchical"}
RANDOM = np.random.default_rng(5)
CONVOLUTION = RANDOM.laplace(size=(24, 8, 3, 3)).astype(np.float32)
MATRIX = RANDOM.normal(size=(40, 80)).astype(np.float32)
MODEL = {"c": CONVOLUTION, "m": MATRIX, "bias": RANDOM.normal(size=24).astype(np.float32)}
STAGES = [
    {},
    {"prune": 0.8},
    {"prune_deviations": 1.2, "fixed_point": False},
    {"grouping": False},
    {"grouping": False, "prune": 0.9},
    {"shared_bits": 1, "fixed_point_bits": 2},
    {"shared_bits": 10, "fixed_point_bits": 24},
    {"grouping": False, "fixed_point": False, "prune": 0.5},
]


def literal(stream):
    return {t.name: np.array(t.values, np.float32) for t in decode_stream(stream).tensors}


def values(stream, name):
    return np.unique(stream[name])


@pytest.mark.parametrize("stages", STAGES, ids=str)
def test_both_decoders_find_what_the_encoder_reports(stages, tmp_path):
    path = tmp_path / "model.nnr"
    report = encode_file(MODEL, path, **stages, **HIERARCHICAL)
    decoded, expected = decode(path), literal(path.read_bytes())
    asked = EncodeSettings(**stages)
    for tensor in report.tensors:
        found = decoded[tensor.name]
        assert found.tobytes() == expected[tensor.name].tobytes()
        error = np.abs(found - pruned(MODEL[tensor.name], asked)).max()
        assert tensor.max_error == pytest.approx(error)


def test_stages_alone_and_together_are_what_they_say():
    stream = Stream(encode(MODEL, prune=0.5, **HIERARCHICAL))
    assert stream.info("c").tools[0::2] == ("hierarchical", "fixed10")
    assert stream.info("m").tools[0::2] == ("hierarchical", "fixed6")
    shared = Stream(encode(MODEL, fixed_point=False, shared_bits=3, **HIERARCHICAL))
    assert shared.info("m").tools == ("hierarchical", "shared8")
    assert values(shared, "m").size == 8
    fixed = Stream(encode(MODEL, grouping=False, fixed_point_bits=4, **HIERARCHICAL))
    assert fixed.info("m").tools == ("hierarchical", "fixed4")
    number = FixedPoint.of_least_error(MATRIX, 4)
    assert fixed["m"].tobytes() == number.values(number.integers(MATRIX)).tobytes()
    alone = {"grouping": False, "fixed_point": False, "prune": 0.5}
    assert encode(MODEL, **alone, **HIERARCHICAL) == encode(MODEL, prune=0.5)


def test_pruned_weights_stay_pruned_and_one_value_is_0():
    stream = Stream(encode(MODEL, prune=0.7, shared_bits=2, fixed_point_bits=8, **HIERARCHICAL))
    for name in "cm":
        zeros = pruned(MODEL[name], EncodeSettings(prune=0.7)) == 0
        assert not stream[name][zeros].any()
        assert values(stream, name).size == 4


def test_bits_of_indices_are_the_fewest_with_which_the_quality_is_reached(tmp_path):
    counts, options = [], {"fixed_point_bits": 16, **HIERARCHICAL}
    for sqnr in (10, 20, 30, 60):
        report = encode_file({"m": MATRIX}, tmp_path / "s", sqnr=sqnr, **options)
        counts.append(int(report.tensors[0].tools[1].removeprefix("shared")))
        assert report.tensors[0].sqnr >= min(sqnr, 35)
    assert counts == sorted(counts)
    assert counts[0] <= 16
    assert 32 < counts[2] <= 64
    assert 128 < counts[3] <= 256


def test_threshold_is_the_standard_deviation_times_the_ratio():
    found = pruned(MATRIX, EncodeSettings(prune_deviations=1.5))
    expected = np.where(np.abs(MATRIX) < 1.5 * MATRIX.std(), 0, MATRIX)
    assert found.tobytes() == expected.tobytes()
    assert pruned(MODEL["bias"], EncodeSettings(prune_deviations=9.0)).all()


def test_values_shared_before_are_found_again():
    few = np.array([-0.75, -0.125, 0, 0.5], np.float32)
    weight = {"w": few[RANDOM.integers(0, 4, (30, 50))]}
    stream = encode(weight, shared_bits=4, **HIERARCHICAL)
    assert decode(stream)["w"].tobytes() == weight["w"].tobytes()
    assert len(stream) < len(encode(weight, grouping=False, **HIERARCHICAL))


def test_formats_of_outputs_are_carried_and_change_nothing_else():
    formats = {"m": FixedPoint(8, 5), "c": FixedPoint(24, -104)}
    stream = Stream(encode(MODEL, output_formats=formats, **HIERARCHICAL))
    plain = Stream(encode(MODEL, **HIERARCHICAL))
    assert stream.output_formats == formats
    assert plain.output_formats == {}
    assert all(stream[name].tobytes() == plain[name].tobytes() for name in MODEL)
    assert stream.info("c").tools[-1] == "outputs24"


def test_rules_give_layers_widths_of_their_own():
    rules = (Rule("m", {"fixed_point_bits": 3, "grouping": False}),)
    stream = Stream(encode(MODEL, rules=rules, **HIERARCHICAL))
    assert stream.info("m").tools == ("hierarchical", "fixed3")
    assert stream.info("c").tools[-1] == "fixed10"


@pytest.mark.parametrize("shape", [(3, 4), (1, 9), (2, 2, 2)])
def test_zeros_take_a_few_bytes(shape):
    zeros = {"z": np.zeros(shape, np.float32)}
    stream = encode(zeros, **HIERARCHICAL)
    assert len(stream) < 60
    assert not decode(stream)["z"].any()


def test_zero_rows_are_skipped_where_that_pays():
    matrix = RANDOM.normal(size=(200, 30)).astype(np.float32)
    matrix[10:] = 0
    options = ({**HIERARCHICAL, "row_skip": skip} for skip in (None, True, False))
    sizes = [len(encode({"m": matrix}, **each)) for each in options]
    assert sizes[0] == min(sizes) < sizes[2]


def test_data_types_are_kept():
    halves = {"h": MATRIX.astype(np.float16)}
    decoded = decode(encode(halves, fixed_point_bits=16, **HIERARCHICAL))["h"]
    assert decoded.dtype == np.float16
    assert np.abs(decoded - halves["h"]).max() < 0.1


def test_stripped_stream_has_the_same_tensors_in_ordinary_units():
    for stages in STAGES[:-1]:
        stream = encode(MODEL, **stages, **HIERARCHICAL)
        data, report = strip(stream, replace_units=True)
        assert report.replaced == ("c", "m")
        ordinary = decode(data)
        assert all(ordinary[name].tobytes() == decode(stream)[name].tobytes() for name in MODEL)
        if stages.get("fixed_point", True):
            assert len(data) < 1.1 * len(stream)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"fixed_point_bits": 0}, "setting-unknown"),
        ({"fixed_point_bits": 25}, "setting-unknown"),
        ({"grouping": "yes"}, "setting-unknown"),
        ({"prune_deviations": -1.0}, "setting-unknown"),
        ({"prune_deviations": float("inf")}, "setting-unknown"),
        ({"prune": 0.5, "prune_deviations": 1.0}, "setting-conflict"),
        ({"method": None, "output_formats": {"m": FixedPoint(8, 0)}}, "setting-conflict"),
        ({"method": None, "compatible": True, "prune_deviations": 1.0}, "setting-conflict"),
    ],
)
def test_settings_that_make_no_sense_are_refused(options, rule):
    with pytest.raises(NnrError) as caught:
        encode(MODEL, **(HIERARCHICAL | options))
    assert caught.value.id == rule
