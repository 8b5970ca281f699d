"""Clauses 7.3.3 and 7.4: base model, validation performance and performance maps, in and out."""

import struct
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import ModelParameters, Rule, decode, encode, open_stream
from nnref.codec.performance_maps import MAPS
from nnref.spec.errors import UsageError
from nnref.spec.process import decode_stream
from tests.spec.process import streams
from tests.spec.process.recorder import Recorder

MODEL = {"w": np.float32([[1, 2], [3, 4]])}
NUMBERS = st.floats(width=32, allow_nan=False)
ACCURACIES = st.lists(NUMBERS, max_size=4)
MASKS = st.integers(0, 2**20)
DIMENSIONS = st.lists(st.integers(0, 255), max_size=4)


def entries(**elements):
    return st.lists(st.fixed_dictionaries(elements), max_size=3)


PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "base_model_id": st.text(st.characters(exclude_characters="\0", codec="utf-8")),
        "performance_metric_type": st.sampled_from(["", "top-1", "日本"]),
        "validation_set_performance": NUMBERS,
        "sparsification_performance_map": entries(
            sparsification_threshold=NUMBERS,
            non_zero_ratio=NUMBERS,
            spm_nn_accuracy=NUMBERS,
            spm_class_bitmask=MASKS,
            spm_nn_class_accuracy=ACCURACIES,
        ),
        "pruning_performance_map": entries(
            pruning_ratio=NUMBERS,
            ppm_nn_accuracy=NUMBERS,
            ppm_class_bitmask=MASKS,
            ppm_nn_class_accuracy=ACCURACIES,
        ),
        "unification_performance_map": entries(
            reshaped_tensor_dimensions=DIMENSIONS,
            super_block_dimensions=DIMENSIONS,
            block_dimensions=DIMENSIONS,
            unification_threshold=NUMBERS,
            upm_nn_accuracy=NUMBERS,
            upm_class_bitmask=MASKS,
            upm_nn_class_accuracy=ACCURACIES,
        ),
        "decomposition_performance_map": entries(
            mse_threshold=NUMBERS,
            dpm_nn_accuracy=NUMBERS,
            nn_reduction_ratio=NUMBERS,
            dpm_nn_class_accuracy=ACCURACIES,
        ),
    },
)


def expected(said):
    """What comes back: a validation without the name of its metric has an empty one."""
    if "validation_set_performance" in said:
        return {"performance_metric_type": ""} | said
    return said


@settings(deadline=None, max_examples=60)
@given(PARAMETERS)
def test_what_is_said_comes_back_and_the_literal_decoder_reads_it(said):
    stream = encode(MODEL, qp=-20, parameters=ModelParameters.from_dict(said))
    found = open_stream(stream).parameters
    assert found.as_dict() == expected(said)
    assert encode(MODEL, qp=-20, parameters=found) == stream
    assert ModelParameters.from_dict(found.as_dict()) == found
    heard = Recorder()
    assert len(decode_stream(stream, observer=heard).tensors) == 1
    counts = {path: value for path, _, _, value in heard.elements if "count_" in path}
    for name in found.maps:
        firsts = [value for path, value in counts.items() if path.startswith(f"{name}.")]
        assert firsts[0] == len(said[name]) + 1


def test_nothing_said_is_nothing_written():
    assert encode(MODEL, parameters=ModelParameters()) == encode(MODEL)
    assert open_stream(encode(MODEL)).parameters == ModelParameters()


def test_maps_of_a_stream_by_hand_are_read():
    found = open_stream(streams.START[0] + streams.PERFORMANCE_MAPS).parameters
    assert found.maps == MAPS
    (sparse,) = found.sparsification_performance_map
    assert sparse["sparsification_threshold"] == 0.5
    assert len(found.pruning_performance_map) == 2
    (unified,) = found.unification_performance_map
    assert unified["reshaped_tensor_dimensions"] == [4, 5]
    assert unified["super_block_dimensions"] == [8, 9]
    assert unified["block_dimensions"] == [4]
    (decomposed,) = found.decomposition_performance_map
    assert decomposed["dpm_nn_class_accuracy"] == list(struct.unpack("<f", struct.pack("<f", 0.6)))


def test_profile_0_has_maps_and_nothing_else():
    maps = {"pruning_performance_map": [{"pruning_ratio": 0.5, "ppm_nn_accuracy": 0.25}]}
    stream = encode(MODEL, profile=0, parameters=ModelParameters.from_dict(maps))
    (entry,) = open_stream(stream).parameters.pruning_performance_map
    assert (entry["pruning_ratio"], entry["ppm_class_bitmask"]) == (0.5, 0)
    assert np.array_equal(decode(stream)["w"], decode(encode(MODEL))["w"])
    with pytest.raises(UsageError, match="profile 0 has no base_model_id"):
        encode(MODEL, profile=0, parameters=ModelParameters(base_model_id="m"))


def test_classes_are_the_first_ones_unless_a_mask_says_others():
    entry = {"pruning_ratio": 0.5, "ppm_nn_accuracy": 1, "ppm_nn_class_accuracy": [0.25, 0.5]}
    stream = encode(MODEL, parameters=ModelParameters(pruning_performance_map=(entry,)))
    assert open_stream(stream).parameters.pruning_performance_map[0]["ppm_class_bitmask"] == 3


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"accuracy": 1}, "'accuracy'; known: base_model_id"),
        ({"base_model_id": 5}, "base_model_id = 5"),
        ({"validation_set_performance": "good"}, "validation_set_performance = 'good'"),
        ({"validation_set_performance": True}, "validation_set_performance = True"),
        ({"pruning_performance_map": {"pruning_ratio": 1}}, "is a list of entries"),
        ({"pruning_performance_map": 5}, "is a list of entries"),
        ({"pruning_performance_map": [5]}, "5 is no entry"),
    ],
)
def test_what_has_no_meaning_is_refused_by_name(said, message):
    with pytest.raises(UsageError, match=message) as caught:
        ModelParameters.from_dict(said)
    assert caught.value.id == "setting-unknown"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"pruning_ratio": 1.0}, "element pruning_performance_map.entries.0..ppm_nn_accuracy"),
        ({"pruning_ratio": "x", "ppm_nn_accuracy": 1}, "entries.0..pruning_ratio"),
        ({"ratio": 1, "pruning_ratio": 1, "ppm_nn_accuracy": 1}, "ratio"),
        ({"pruning_ratio": 1, "ppm_nn_accuracy": 1, "ppm_nn_class_accuracy": 5}, "list of numbers"),
        ({"pruning_ratio": 1e39, "ppm_nn_accuracy": 1}, "pruning_ratio"),
    ],
)
def test_an_entry_that_cannot_be_written_is_named(entry, message):
    with pytest.raises(UsageError, match=message):
        encode(MODEL, parameters=ModelParameters(pruning_performance_map=(entry,)))


def test_more_entries_than_a_count_can_say_are_refused():
    entry = {"pruning_ratio": 1.0, "ppm_nn_accuracy": 1.0}
    encode(MODEL, parameters=ModelParameters(pruning_performance_map=(entry,) * 254))
    with pytest.raises(UsageError, match="ppm_count_pruning_ratios"):
        encode(MODEL, parameters=ModelParameters(pruning_performance_map=(entry,) * 255))


def test_entries_do_not_change_when_the_lists_they_came_from_do():
    said = [{"pruning_ratio": 1.0, "ppm_nn_accuracy": 1.0}]
    parameters = ModelParameters(pruning_performance_map=said)
    said[0]["pruning_ratio"] = 5.0
    said.append({})
    assert parameters.as_dict()["pruning_performance_map"] == [
        {"pruning_ratio": 1.0, "ppm_nn_accuracy": 1.0}
    ]


def test_they_hold_for_a_whole_stream_that_nncodec_need_not_write():
    parameters = ModelParameters(base_model_id="m")
    with pytest.raises(UsageError, match="parameters and compatible"):
        encode(MODEL, compatible=True, parameters=parameters)
    with pytest.raises(UsageError, match="holds for a whole stream"):
        encode(MODEL, rules=(Rule("*", {"parameters": parameters}),))


def test_every_map_of_the_syntax_is_a_field():
    assert {f.name for f in fields(ModelParameters)} >= set(MAPS)
