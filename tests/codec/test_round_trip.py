"""Any tree of tensors comes back: names, order, shapes, types, and values as asked."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnref.codec import Rule, decode, decode_file, encode, encode_file, open_stream
from nnref.codec.model import open_model
from nnref.codec.quantization import sqnr_db
from nnref.spec.errors import NnrError, UsageError

FLOATS = (np.float16, np.float32, np.float64, ml_dtypes.bfloat16)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=8)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6)


@st.composite
def tensors(draw):
    kind = draw(st.sampled_from(("float", "integer", "bool")))
    shape = draw(SHAPES)
    if kind == "bool":
        return draw(hnp.arrays(bool, shape))
    if kind == "integer":
        width = draw(st.sampled_from(("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")))
        return draw(hnp.arrays(width, shape))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    scale = 2.0 ** draw(st.integers(-8, 8))
    values = generator.laplace(0, scale, shape).astype(draw(st.sampled_from(FLOATS)))
    return values * 0 if draw(st.booleans()) and draw(st.booleans()) else values


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "sqnr": st.floats(1, 60),
        "dq": st.booleans(),
        "profile": st.integers(0, 1),
        "scan_order": st.integers(0, 4),
        "qp_density": st.integers(0, 7),
        "cabac_unary_length_minus1": st.sampled_from((0, 1, 10, 255)),
        "shift_search": st.sampled_from(("off", "compatible", "exact")),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(NAMES, tensors(), max_size=4), SETTINGS)
def test_any_tree_of_tensors_round_trips(model, options):
    stream = encode(model, **options)
    decoded = decode(stream, strict=True)
    assert list(decoded) == list(model)
    for name, array in model.items():
        assert decoded[name].dtype == array.dtype
        assert decoded[name].shape == array.shape
        if array.dtype.kind in "iub":
            assert np.array_equal(decoded[name], array)
        elif array.size and array.any() and array.dtype in (np.float32, np.float64):
            assert sqnr_db(array, decoded[name]) >= options.get("sqnr", 40.0) - 1e-6
    assert encode(model, **options) == stream
    assert all(np.array_equal(open_stream(stream)[name], decoded[name]) for name in model)


def sample():
    generator = np.random.default_rng(5)
    return {
        "layer.weight": generator.laplace(0, 0.1, (40, 24)).astype(np.float32),
        "layer.bias": generator.normal(0, 0.1, 40).astype(np.float32),
        "steps": np.array(3, np.int64),
    }


def test_non_contiguous_and_big_endian_arrays_are_taken_as_they_are():
    weight = sample()["layer.weight"]
    views = {"t": weight.T, "s": weight[::2, ::-1], "b": weight.astype(">f4")}
    plain = {name: np.ascontiguousarray(view, np.float32) for name, view in views.items()}
    assert encode(views) == encode(plain)


def test_tensors_of_tiny_weights_do_not_become_zero():
    tiny = {name: sample()["layer.weight"] * scale for name, scale in (("a", 1e-9), ("b", 1e-30))}
    for name, array in decode(encode(tiny, sqnr=20.0)).items():
        assert sqnr_db(tiny[name], array) >= 20.0


def test_a_variance_of_small_and_large_entries_stays_positive():
    variance = np.float32([1e-4, 2e-4, 5.0, 30.0] * 8)
    assert (decode(encode({"running_var": variance}))["running_var"] > 0).all()


def test_the_step_asked_for_is_not_exceeded():
    stream = encode(sample(), step=0.01, dq=False, rd_lambda=0)
    weight = sample()["layer.weight"]
    assert np.abs(decode(stream)["layer.weight"] - weight).max() <= 0.005 + 1e-7


@pytest.mark.parametrize("qp", [-129, 128])
def test_a_qp_out_of_range_is_refused(qp):
    with pytest.raises(UsageError) as caught:
        encode(sample(), qp=qp)
    assert caught.value.id == "qp-out-of-range"
    assert caught.value.place.tensor == "layer.weight"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused_or_kept_on_request(value):
    model = sample()
    model["layer.weight"][3, 3] = value
    with pytest.raises(UsageError) as caught:
        encode(model)
    assert caught.value.id == "tensor-not-finite"
    kept = decode(encode(model, non_finite="raw"))
    assert kept["layer.weight"].tobytes() == model["layer.weight"].tobytes()


def test_lossless_keeps_every_bit_of_every_type():
    model = {str(kind): sample()["layer.weight"].astype(kind) for kind in FLOATS}
    for name, array in decode(encode(model, lossless=True)).items():
        assert array.tobytes() == model[name].tobytes()


def test_rules_change_single_tensors():
    stream = encode(sample(), rules=(Rule("layer.w*", {"lossless": True}),))
    decoded = decode(stream)
    assert np.array_equal(decoded["layer.weight"], sample()["layer.weight"])
    assert not np.array_equal(decoded["layer.bias"], sample()["layer.bias"])


def test_a_name_with_a_zero_character_is_refused_and_named():
    with pytest.raises(NnrError) as caught:
        encode({"a\0b": np.zeros(2, np.float32)})
    assert caught.value.id == "tensor-name-unsupported"


def test_a_name_given_twice_cannot_be_asked_for_by_mistake():
    stream = open_stream(encode(sample()))
    with pytest.raises(KeyError):
        stream["layer"]
    with pytest.raises(UsageError) as caught:
        stream.info("layer")
    assert caught.value.id == "tensor-unknown"


def test_files_hold_what_bytes_hold(tmp_path):
    report = encode_file(sample(), tmp_path / "m.nnr", sqnr=30.0)
    assert (tmp_path / "m.nnr").read_bytes() == encode(sample(), sqnr=30.0)
    assert report.total_bytes == (tmp_path / "m.nnr").stat().st_size
    assert [tensor.name for tensor in report.tensors] == list(sample())
    decode_file(tmp_path / "m.nnr", tmp_path / "m.safetensors")
    decoded = decode((tmp_path / "m.nnr").read_bytes())
    with open_model(tmp_path / "m.safetensors") as source:
        assert source.names() == tuple(decoded)
        assert all(np.array_equal(source.read(name), decoded[name]) for name in decoded)


def test_a_failure_leaves_no_file(tmp_path):
    model = sample() | {"bad": np.array([np.nan])}
    with pytest.raises(UsageError):
        encode_file(model, tmp_path / "m.nnr")
    (tmp_path / "cut.nnr").write_bytes(encode(sample())[:-3])
    with pytest.raises(NnrError):
        decode_file(tmp_path / "cut.nnr", tmp_path / "m.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["cut.nnr"]


def test_a_step_too_large_for_a_tensor_is_reported(tmp_path):
    report = encode_file(sample(), tmp_path / "m.nnr", qp=40)
    assert report.warnings == (
        "tensor 'layer.weight' decodes to zeros: the step of qp 40 is too large",
    )


def test_progress_names_every_tensor(tmp_path):
    seen = []
    encode_file(sample(), tmp_path / "m.nnr", progress=lambda *step: seen.append(step))
    assert seen == [(index, 3, name) for index, name in enumerate(sample())]


def test_a_number_on_a_coarse_grid_by_chance_keeps_its_quality_on_a_finer_one():
    number = np.array(1.6113771, np.float32)
    for density in range(8):
        assert sqnr_db(number, decode(encode({"x": number}, qp_density=density))["x"]) >= 65


def test_vectors_of_any_scale_have_a_step():
    for scale in (1e-30, 1e-12, 1e12, 1e30):
        vector = {"b": np.float32([1, -2, 3.5]) * np.float32(scale)}
        assert sqnr_db(vector["b"], decode(encode(vector))["b"]) >= 65
