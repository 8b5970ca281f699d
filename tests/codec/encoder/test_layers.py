"""Clauses 6.6 and 11: layer parameter sets, written where a layer needs one, read by both."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import (
    Block,
    ModelParameters,
    Rule,
    decode,
    decode_chain,
    encode,
    encode_file,
    encode_out_of_band,
    open_stream,
)
from nnref.codec.quantization import sqnr_db
from nnref.spec.errors import NnrError, UsageError
from nnref.spec.process import decode_stream
from nnref.spec.tables.enums import UnitType

RNG = np.random.default_rng(5)


def weights(scale, *shape):
    return (RNG.normal(size=shape or (8, 9)) * scale).astype(np.float32)


MODEL = {
    "a": weights(0.1),
    "b": weights(0.1),
    "n": np.arange(5),
    "c": weights(0.1),
    "v": weights(1, 6),
}
FAR = {"tiny": 1e-30, "huge": 1e30}


def names_of_types(stream):
    """The types of the units behind the parameter set, data units by their tensor."""
    units = open_stream(stream).units[2:]
    return [u.fields.get("topology_elem_id") or UnitType(u.nnr_unit_type).name for u in units]


def literal_agrees(stream, **options):
    """Whether the literal decoder gives the same tensors; their number."""
    decoded = decode(stream, as_coded=True, **options)
    tensors = decode_stream(stream).tensors
    for tensor in tensors:
        ours = np.ravel(decoded[tensor.name])
        assert ours.tobytes() == np.array(tensor.values, ours.dtype).tobytes(), tensor.name
    return len(tensors) == len(decoded)


def test_a_rule_gives_a_layer_its_density_and_base():
    rules = (Rule("b", {"qp_density": 3}), Rule("c", {"qp_density": 1, "base_qp": -20}))
    stream = encode(MODEL, rules=rules, qp_density=2)
    assert names_of_types(stream) == ["a", "NNR_LPS", "b", "n", "NNR_LPS", "c", "NNR_LPS", "v"]
    states = {t.name: t.unit.state for t in open_stream(stream).tensors()}
    assert {name: states[name].qp_density for name in "abcv"} == {"a": 2, "b": 3, "c": 1, "v": 2}
    assert {name: states[name].base_qp for name in "abcv"} == {"a": 0, "b": 0, "c": -20, "v": 0}
    assert literal_agrees(stream)
    assert all(sqnr_db(MODEL[name], decode(stream)[name]) >= 40 for name in "abc")


def test_a_qp_of_a_rule_is_in_units_of_its_density():
    rules = (Rule("b", {"qp_density": 4, "qp": -80}),)
    decoded = decode_stream(encode(MODEL, rules=rules, qp=-20)).tensors
    steps = {tensor.name: (tensor.qp, tensor.step) for tensor in decoded}
    assert steps["a"] == (-20, 2.0**-5)
    assert steps["b"] == (-80, 2.0**-5)


def test_the_base_of_the_stream_is_scaled_with_the_density():
    stream = encode(MODEL, rules=(Rule("b", {"qp_density": 5}),), qp_density=3, base_qp=-24)
    assert open_stream(stream).info("b").unit.state.base_qp == -96
    clipped = encode(MODEL, rules=(Rule("b", {"qp_density": 7}),), qp_density=2, base_qp=-3000)
    assert open_stream(clipped).info("b").unit.state.base_qp == -4096


def test_no_set_is_written_where_nothing_changes():
    plain = encode(MODEL, qp_density=4, base_qp=0)
    same = (Rule("*", {"qp_density": 4, "base_qp": 0}),)
    assert encode(MODEL, rules=same, qp_density=4, base_qp=0) == plain
    unquantized = (Rule("[nv]", {"qp_density": 1, "lossless": True}),)
    assert "NNR_LPS" not in names_of_types(encode(MODEL, rules=unquantized))


@pytest.mark.parametrize("scale", FAR)
@pytest.mark.parametrize("options", [{}, {"effort": "fast"}, {"scan_order": 1}])
def test_a_layer_out_of_reach_gets_a_base_of_its_own(tmp_path, scale, options):
    far = weights(FAR[scale], 12, 20)
    model = {"usual": weights(0.02, 30, 40), "far": far, "late": weights(0.02, 10, 10)}
    report = encode_file(model, tmp_path / "m.nnr", out_of_reach="layer", **options)
    assert report.warnings == ()
    stream = (tmp_path / "m.nnr").read_bytes()
    assert names_of_types(stream) == ["usual", "NNR_LPS", "far", "NNR_LPS", "late"]
    raw = encode(model, **options)
    assert len(stream) < len(raw)
    decoded = decode(stream)
    assert sqnr_db(far, decoded["far"]) >= 40
    assert sqnr_db(model["late"], decoded["late"]) >= 40
    assert literal_agrees(stream)


def test_vectors_out_of_reach_get_one_too():
    model = {"usual": weights(0.02, 30, 40), "v": weights(1e-30, 9)}
    decoded = decode(encode(model, out_of_reach="layer"))
    assert sqnr_db(model["v"], decoded["v"]) >= 65


@pytest.mark.parametrize("far", [np.full((3, 4), 1e300), weights(1e-41)])
def test_what_no_base_reaches_is_carried_as_it_is(tmp_path, far):
    model = {"usual": weights(0.02, 30, 40), "far": far}
    report = encode_file(model, tmp_path / "m.nnr", out_of_reach="layer")
    assert len(report.warnings) == 1
    assert np.array_equal(decode(tmp_path / "m.nnr")["far"], model["far"])


def test_a_block_is_coded_under_one_set():
    block = Block("a", bias="bias")
    model = MODEL | {"bias": weights(0.1, 8)}
    rules = (Rule("a", {"qp_density": 5}), Rule("bias", {"qp_density": 1}))
    stream = encode(model, blocks=(block,), rules=rules)
    assert open_stream(stream).info("bias").unit.state.qp_density == 5
    assert literal_agrees(stream)
    assert sqnr_db(model["bias"], decode(stream)["bias"]) >= 65


@pytest.mark.parametrize(
    "options",
    [
        {"index": True},
        {"max_unit_bytes": 60, "index": True},
        {"indexed_names": True},
        {"codebook": 8},
        {"low_rank": 0.5},
        {"jobs": 2},
    ],
)
def test_sets_go_with_everything_else(options):
    rules = (Rule("b", {"qp_density": 5, "base_qp": 100}),)
    stream = encode(MODEL, rules=rules, **options)
    opened = open_stream(stream)
    alone = {name: open_stream(stream)[name] for name in MODEL}
    assert all(np.array_equal(alone[name], opened[name]) for name in MODEL)
    assert opened.info("b").unit.state.base_qp == 100
    assert literal_agrees(stream)


def test_dimensions_out_of_band_are_those_of_the_layer():
    rules = (Rule("b", {"qp_density": 5}),)
    stream, known = encode_out_of_band(MODEL, rules=rules, index=True)
    expected = decode(encode(MODEL, rules=rules))
    found = decode(stream, out_of_band=known)
    assert all(np.array_equal(found[name], expected[name]) for name in MODEL)


def test_an_update_is_coded_under_sets_of_its_own():
    base = encode(MODEL)
    new = {
        name: a + weights(0.01, *a.shape) if a.dtype == np.float32 else a
        for name, a in MODEL.items()
    }
    stream = encode(new, base=base, rules=(Rule("b", {"qp_density": 3}),))
    assert "NNR_LPS" in names_of_types(stream)
    assert sqnr_db(new["b"], decode_chain([base, stream])["b"]) >= 40


def test_sets_are_refused_for_nncodec():
    with pytest.raises(UsageError, match="holds for a whole stream"):
        encode({"a": MODEL["a"]}, compatible=True, rules=(Rule("a", {"qp_density": 3}),))
    with pytest.raises(NnrError):
        encode({"a": weights(1e-30)}, compatible=True, sqnr=30.0, out_of_reach="layer")


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.none() | st.integers(-60, 60)), min_size=3, max_size=3
    ),
    st.booleans(),
)
def test_both_decoders_agree_whatever_the_sets(sets, fast):
    rules = tuple(
        Rule(name, {"qp_density": density} | ({} if base is None else {"base_qp": base}))
        for name, (density, base) in zip("abc", sets, strict=True)
    )
    stream = encode(MODEL, rules=rules, effort="fast" if fast else "default")
    assert literal_agrees(stream)
    decoded = decode(stream)
    assert all(sqnr_db(MODEL[name], decoded[name]) >= 40 for name in "abc")


SPARSE = {"sparsification_threshold": 0.25, "non_zero_ratio": 0.5, "spm_nn_accuracy": 0.75}
PRUNED = {"pruning_ratio": 0.5, "ppm_nn_accuracy": 0.25}
UNIFIED = {"unification_threshold": 0.5, "upm_nn_accuracy": 0.5, "block_dimensions": [4]}
LAYERS = {
    "b": {
        "sparsification_performance_map": [SPARSE],
        "pruning_performance_map": [PRUNED, PRUNED],
        "unification_performance_map": [UNIFIED],
    },
    "n": {"pruning_performance_map": []},
}


@pytest.mark.parametrize(
    "options", [{}, {"profile": 0}, {"rules": (Rule("b", {"qp_density": 1}),)}]
)
def test_maps_of_a_layer_come_back_for_it_alone(options):
    stream = encode(MODEL, parameters=ModelParameters(layers=LAYERS), **options)
    found = open_stream(stream).parameters
    assert list(found.layers) == ["b", "n"]
    assert found.layers["b"]["pruning_performance_map"][1]["pruning_ratio"] == 0.5
    assert found.layers["b"]["unification_performance_map"][0]["block_dimensions"] == [4]
    assert found.layers["n"] == {"pruning_performance_map": ()}
    assert found.maps == ()
    assert ModelParameters.from_dict(found.as_dict()) == found
    assert encode(MODEL, parameters=found, **options) == stream
    assert literal_agrees(stream)


def test_maps_go_with_a_weight_of_the_model():
    with pytest.raises(UsageError) as caught:
        encode(MODEL, parameters=ModelParameters(layers={"x": {}}))
    assert (caught.value.id, caught.value.place.tensor) == ("tensor-unknown", "x")
    for layers in ({"a": {"decomposition_performance_map": []}}, {"a": 5}, 5):
        with pytest.raises(UsageError) as caught:
            ModelParameters(layers=layers)
        assert caught.value.id == "setting-unknown"
