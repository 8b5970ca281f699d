"""Encoding with LNQ: never larger, never worse, and what is reported is what is there."""

from itertools import combinations, product

import numpy as np
import pytest

from nnref.codec import Block, EncodeSettings, Rule, decode, encode, encode_file
from nnref.codec.encoder import lnq_start
from nnref.codec.encoder.lnq_published import PublishedEncoder, PublishedOptions
from nnref.codec.encoder.lnq_shape import UnitShape
from nnref.codec.encoder.tensor import pruned
from nnref.codec.entropy import LnqShape
from nnref.spec.errors import NnrError, UsageError
from nnref.spec.process import decode_stream
from nnref.spec.syntax import is_method, read_units
from nnref.spec.tables.enums import LayerType, LuType


def layer(seed, shape=(48, 300), kind="laplace"):
    random = np.random.default_rng(seed)
    scale = random.uniform(0.2, 1.0, shape[0]).reshape(-1, *[1] * (len(shape) - 1))
    drawn = {"laplace": random.laplace, "normal": random.normal}[kind](size=shape)
    return (drawn * scale).astype(np.float32)


def sqnr(values, decoded):
    noise = ((values.astype(np.float64) - decoded) ** 2).sum()
    return 10 * np.log10((values.astype(np.float64) ** 2).sum() / noise)


MODELS = {
    "rows": {"w": layer(1)},
    "pruned": {"w": np.where(np.abs(layer(2)) < 0.5, 0, layer(2)).astype(np.float32)},
    "convolution": {"w": layer(3, (16, 8, 3, 3))},
}


@pytest.mark.parametrize(("name", "lnq"), [*product(MODELS, ("class", "auto"))])
def test_streams_with_lnq_are_never_larger_and_reach_the_same_quality(name, lnq):
    model = MODELS[name]
    plain = encode(model, sqnr=12.0)
    with_lnq = encode(model, sqnr=12.0, lnq=lnq)
    assert len(with_lnq) <= len(plain)
    decoded = decode(with_lnq)["w"]
    assert sqnr(model["w"], decoded) >= 12.0
    (literal,) = decode_stream(with_lnq).tensors
    assert decoded.reshape(-1).tolist() == literal.values


def test_rows_of_different_magnitude_get_classes(tmp_path):
    report = encode_file(MODELS["rows"], tmp_path / "w.nnr", sqnr=12.0, lnq="class")
    (tensor,) = report.tensors
    assert tensor.tools[0] == "lnq"
    found = tensor.lnq
    assert (found.mode, found.layer_type) == ("class", LayerType.FULLY_CONNECTED)
    assert found.lnq_weights == found.weights == 14400
    assert found.classes > 1
    assert found.without_bytes > tensor.unit_bytes
    # The codeword has also a qp of 12 bits, 9 bits of the engine, and the rest of a byte.
    assert 0 <= 8 * tensor.unit_bytes - sum(found.bits.values()) <= 12 + 9 + 8
    assert 0 < found.side_bits < 2000
    (unit,) = [unit for unit in read_units((tmp_path / "w.nnr").read_bytes()) if unit.has_tensors]
    assert is_method(unit.fields)
    assert unit.size == tensor.unit_bytes


def column_layer(seed, shape, quiet=0.1):
    """Every other input channel is quiet."""
    random = np.random.default_rng(seed)
    scale = np.where(np.arange(shape[1]) % 2, quiet, 1.0).reshape(1, -1, *[1] * (len(shape) - 2))
    return (random.laplace(size=shape) * scale).astype(np.float32)


@pytest.mark.parametrize("shape", [(60, 120), (40, 24, 3, 3)])
def test_input_channels_of_different_magnitude_get_classes(shape, tmp_path):
    model = {"w": column_layer(2, shape)}
    plain = encode(model, sqnr=12.0)
    report = encode_file(model, tmp_path / "w.nnr", sqnr=12.0, lnq="class")
    assert report.tensors[0].lnq.classes > 1
    stream = (tmp_path / "w.nnr").read_bytes()
    assert len(stream) < 0.97 * len(plain)
    (header,) = [u.fields["lnq_header"] for u in read_units(stream) if is_method(u.fields)]
    assert header["lnq_lu_type"] == LuType.COLUMNS
    assert header["lnq_lu_width"] == np.prod(shape[2:], dtype=int)
    assert sqnr(model["w"], decode(stream)["w"]) >= 12.0


def test_channels_without_weights_get_the_class_that_takes_no_bits():
    model = {"w": column_layer(3, (40, 24, 3, 3), quiet=1e-3)}
    stream = encode(model, sqnr=12.0, lnq="class")
    (header,) = [u.fields["lnq_header"] for u in read_units(stream) if is_method(u.fields)]
    assert header["lnq_zero_class_flag"] == 1
    decoded = decode(stream)["w"]
    assert not decoded[:, 1::2].any()
    assert sqnr(model["w"], decoded) >= 12.0
    (literal,) = decode_stream(stream).tensors
    assert decoded.reshape(-1).tolist() == literal.values


def test_large_layers_are_explored_on_some_rows(monkeypatch):
    values = column_layer(4, (90, 64))
    whole = encode({"w": values}, sqnr=12.0, lnq="class")
    monkeypatch.setattr(lnq_start, "EXPLORED", 1000)
    found = encode({"w": values}, sqnr=12.0, lnq="class")
    assert len(found) < 1.04 * len(whole)
    assert sqnr(values, decode(found)["w"]) >= 12.0
    rows = layer(5, (90, 64))
    assert len(encode({"w": rows}, sqnr=12.0, lnq="class")) <= len(encode({"w": rows}, sqnr=12.0))


def test_layers_without_dependent_quantization_keep_it_out():
    stream = encode(MODELS["rows"], sqnr=12.0, lnq="class", dq=False)
    (header,) = [u.fields["lnq_header"] for u in read_units(stream) if is_method(u.fields)]
    assert header["dq_flag"] == 0


def test_a_step_that_is_asked_for_sets_the_error_that_is_kept():
    model = MODELS["rows"]
    plain, with_lnq = (encode(model, step=0.6, lnq=lnq) for lnq in ("off", "class"))
    assert len(with_lnq) <= len(plain)
    errors = [sqnr(model["w"], decode(stream)["w"]) for stream in (plain, with_lnq)]
    assert errors[1] >= errors[0]


def test_rules_choose_the_layers():
    model = {"a": layer(4), "b": layer(5), "c": layer(6, (1, 7)), "bias": layer(7, (9,))}
    stream = encode(model, sqnr=10.0, lnq="class", rules=(Rule("b", {"lnq": "off"}),))
    names = [u.fields["topology_elem_id"] for u in read_units(stream) if is_method(u.fields)]
    assert names == ["a"]


@pytest.mark.parametrize("options", [{"indexed_names": True}, {"profile": 0}, {"index": True}])
def test_streams_of_every_form_carry_lnq(options):
    model = {"a": layer(1), "b": layer(8)}
    stream = encode(model, sqnr=10.0, lnq="class", **options)
    assert any(is_method(unit.fields) for unit in read_units(stream))
    assert decode_stream(stream).findings == []
    assert list(decode(stream)) == ["a", "b"]


def test_half_precision_comes_back_as_such():
    stream = encode({"w": layer(1).astype(np.float16)}, sqnr=12.0, lnq="class")
    assert decode(stream)["w"].dtype == np.float16
    assert sqnr(layer(1).astype(np.float16).astype(np.float32), decode(stream)["w"]) >= 12.0


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.999])
def test_pruning_sets_the_smallest_magnitudes_to_zero(share):
    values = layer(9)
    found = pruned(values, EncodeSettings(prune=share))
    zeros = int(share * values.size)
    assert int((found == 0).sum()) == zeros
    assert np.abs(values[found == 0]).max(initial=0) <= np.abs(values[found != 0]).min()
    assert (found[found != 0] == values[found != 0]).all()


def test_pruning_leaves_vectors_and_integers_alone():
    for array in (layer(1, (5,)), np.arange(12, dtype=np.int32).reshape(3, 4)):
        assert pruned(array, EncodeSettings(prune=0.5)) is array


SHAPES = {
    "8x8": (LuType.BLOCK, (8, 8)),
    "filter": (LuType.FILTER, (1, 36)),
    "row": (LuType.FILTER, (1, 36)),
    "kernel": (LuType.KERNEL, (1, 9)),
    "tensor": (LuType.TENSOR, (6, 36)),
    "layer": (LuType.BY_LAYER, (1, 36)),
    "2x9": (LuType.SIZE, (2, 9)),
    "3x*": (LuType.ROWS, (3, 36)),
    "*x18": (LuType.COLUMNS, (6, 18)),
}


@pytest.mark.parametrize("text", SHAPES)
def test_units_are_asked_for_by_name_or_size(text):
    shape = UnitShape.of(text)
    over = shape.over((6, 4, 3, 3))
    assert (shape.kind, (over.unit_rows, over.unit_columns)) == SHAPES[text]


@pytest.mark.parametrize("text", ["", "x", "0x8", "8", "*x*", "8x8x8", "-1x2"])
def test_other_units_are_refused(text):
    with pytest.raises(UsageError) as caught:
        UnitShape.of(text)
    assert caught.value.id == "setting-unknown"


@pytest.mark.parametrize(
    "options", [{"lnq": "class", "compatible": True}, {"prune": 0.5, "compatible": True}]
)
def test_compatible_streams_have_neither(options):
    with pytest.raises(NnrError) as caught:
        EncodeSettings(**options)
    assert caught.value.id == "setting-conflict"


@pytest.mark.parametrize("options", [{"lnq": "on"}, {"prune": 1.0}, {"prune": -0.1}])
def test_settings_outside_their_values_are_refused(options):
    with pytest.raises(NnrError) as caught:
        EncodeSettings(**options)
    assert caught.value.id == "setting-unknown"


def clustered(seed, shape=(64, 64)):
    """Every other block of 8 x 8 has three values of its own; the rest is noise."""
    random = np.random.default_rng(seed)
    matrix = random.normal(size=shape)
    for top, left in product(range(0, shape[0], 8), range(0, shape[1], 16)):
        values = np.sort(random.choice(np.arange(-20, 21), 3, replace=False)) * 0.5
        matrix[top : top + 8, left : left + 8] = random.choice(values, (8, 8))
    return matrix.astype(np.float32)


def test_published_units_pay_where_weights_are_clustered(tmp_path):
    values = clustered(1)
    options = {"sqnr": 22.0, "dq": False}
    plain = encode({"w": values}, **options)
    report = encode_file({"w": values}, tmp_path / "w.nnr", lnq="published", **options)
    stream = (tmp_path / "w.nnr").read_bytes()
    assert len(stream) < 0.9 * len(plain)
    (tensor,) = report.tensors
    assert tensor.tools == ("lnq", "published")
    assert 0.5 <= tensor.lnq.lnq_weights / tensor.lnq.weights < 1.0
    assert tensor.lnq.bits["symbols"] > 0
    decoded = decode(stream)["w"]
    assert sqnr(values, decoded) >= 22.0
    (literal,) = decode_stream(stream).tensors
    assert decoded.reshape(-1).tolist() == literal.values


@pytest.mark.parametrize("levels", [2, 3, 8])
def test_published_streams_are_never_larger(levels):
    for model in MODELS.values():
        plain = encode(model, sqnr=12.0)
        assert len(encode(model, sqnr=12.0, lnq="published", lnq_levels=levels)) <= len(plain)


def test_a_layer_of_another_type_than_the_published_ones_is_coded_without_lnq():
    model = {"depthwise": np.random.default_rng(4).laplace(size=(16, 1, 3, 3)).astype(np.float32)}
    options = {"sqnr": 20.0, "effort": "fast"}
    published = decode(encode(model, lnq="published", **options))
    assert np.array_equal(published["depthwise"], decode(encode(model, **options))["depthwise"])


def test_clusterings_are_exact():
    random = np.random.default_rng(5)
    for seed in range(20):
        weights = np.rint(random.laplace(scale=3, size=(4, 4))).astype(np.float32)
        options = PublishedOptions(levels=3, variable_levels=False, decide=False, economical=False)
        shape = LnqShape(4, 4, 4, 4)
        point = PublishedEncoder(weights.reshape(-1), shape, 2, 0, options).at_qp(0, 11)
        distinct = np.unique(weights)
        if distinct.size < 3:
            assert not point.units.flags.any()
            continue
        least = min(
            sum(_error(part) for part in np.split(np.sort(weights, axis=None), cuts))
            for cuts in combinations(range(1, 16), 2)
        )
        assert point.noise == pytest.approx(least), seed


def _error(part):
    """Of integers and the integer nearest to their mean."""
    return float(((part - np.floor(part.mean() + 0.5)) ** 2).sum())


def test_layers_that_cannot_have_the_published_units_keep_their_bytes():
    model = {"pointwise": layer(4, (12, 40, 1, 1)), "other": layer(5, (6, 8, 9))}
    plain, asked = (encode(model, sqnr=12.0, lnq=lnq) for lnq in ("off", "published"))
    assert len(asked) == len(plain)
    assert all(np.array_equal(decode(asked)[name], decode(plain)[name]) for name in model)


def test_weights_with_lnq_are_kept_out_of_blocks():
    model = {"l.weight": layer(1), "l.bias": layer(2, (48,))}
    options = {"sqnr": 12.0, "blocks": "auto"}
    stream = encode(model, lnq="class", **options)
    assert [is_method(u.fields) for u in read_units(stream) if u.has_tensors] == [True, False]
    both = encode(model, lnq="class", rules=(Rule("*", {"lnq": "off"}),), **options)
    assert [unit.has_tensors for unit in read_units(both)].count(True) == 1


def test_a_block_that_is_asked_for_excludes_lnq():
    model = {"l.weight": layer(1), "l.bias": layer(2, (48,))}
    with pytest.raises(UsageError) as caught:
        encode(model, sqnr=12.0, lnq="auto", blocks=(Block("l.weight", bias="l.bias"),))
    assert caught.value.id == "block-members"
    assert "a rule can say otherwise" in str(caught.value)


def test_weights_of_blocks_are_pruned():
    model = {"l.weight": layer(1), "l.bias": layer(2, (48,))}
    decoded = decode(encode(model, sqnr=12.0, prune=0.9, blocks="auto"))["l.weight"]
    assert (decoded == 0).mean() >= 0.9


@pytest.mark.parametrize("options", [{"lnq": "auto"}, {"prune": 0.5}, {"prune_deviations": 1.0}])
def test_updates_have_neither_lnq_nor_pruning(options):
    base = encode({"w": layer(1)}, sqnr=12.0)
    with pytest.raises(UsageError) as caught:
        encode({"w": layer(2)}, sqnr=12.0, base=base, **options)
    assert (caught.value.id, caught.value.place.tensor) == ("setting-conflict", "w")
