"""Clause 12: updates of a base, from the new model to what a decoder adds up."""

from concurrent.futures import ThreadPoolExecutor

import ml_dtypes
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from nnref.codec import (
    Chain,
    ModelParameters,
    NnrError,
    OpenChain,
    Rule,
    Stream,
    UpdateState,
    decode,
    decode_chain,
    encode,
    encode_file,
    encode_out_of_band,
    open_stream,
)
from nnref.codec.decoder.chain import Semantics
from nnref.codec.quantization import sqnr_db
from nnref.spec.process import UpdateState as LiteralState
from nnref.spec.process import compose_blocks, decode_stream
from nnref.spec.tables.enums import ParentNodeIdType

RNG = np.random.default_rng(11)
OLD = {
    "conv.weight": RNG.laplace(scale=0.02, size=(12, 4, 3, 3)).astype(np.float32),
    "conv.bias": RNG.normal(size=12).astype(np.float32),
    "half": RNG.normal(size=(9, 14)).astype(np.float16),
    "brain": RNG.normal(size=(9, 14)).astype(ml_dtypes.bfloat16),
    "double": RNG.normal(size=(5, 6)),
    "scale": np.array(3.25, np.float32),
    "steps": np.array(2**40, np.int64),
    "bytes": RNG.integers(0, 256, 40).astype(np.uint8),
    "mask": RNG.integers(0, 2, (4, 5)).astype(bool),
}
SQNR = 35.0


def moved(model, rng, part=0.2, size=0.1):
    """The model after some training: a part of the numbers has changed."""
    new = {}
    for name, old in model.items():
        here = rng.random(old.shape) < part
        if old.dtype == bool:
            new[name] = old ^ here
        elif old.dtype.kind in "iu":
            with np.errstate(over="ignore"):
                step = rng.integers(-3, 4, old.shape).astype(old.dtype)
                new[name] = np.asarray(old + step * here.astype(old.dtype))
        else:
            scale = size * float(np.abs(old.astype(np.float64)).max())
            change = here * rng.normal(size=old.shape) * scale
            new[name] = np.asarray(old.astype(np.float64) + change).astype(old.dtype)
    return new


def check_quality(found, model, target=SQNR):
    assert found.keys() == model.keys()
    for name, array in model.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        if array.dtype.kind in "iub":
            assert np.array_equal(found[name], array), name
        elif array.ndim > 1:
            assert sqnr_db(array, found[name]) >= target, name
        else:
            assert sqnr_db(array, found[name]) >= target + 25, name


def check_decoders_agree(streams):
    """The literal and the fast decoder give the same integers and numbers all along a chain."""
    literal, state = LiteralState(), UpdateState()
    for data in streams:
        decoded = decode_stream(data, state=literal)
        assert not decoded.findings
        stream = Stream(data, base=state, strict=True, as_coded=True)
        expected = {tensor.name: tensor for tensor in decoded.tensors}
        assert list(stream) == list(expected)
        before, state = state, stream.next_state()
        for name in stream:
            stored, known = state.tensors.get(name), literal.tensors.get(name)
            if stored is not None:
                assert stored.quantized.reshape(-1).tolist() == known.levels
                assert stored.history.reshape(-1).tolist() == known.history
        for tensor in compose_blocks(decoded):
            if tensor.data_format is None and all(isinstance(v, float) for v in tensor.values):
                mine = Stream(data, base=before)[tensor.name]
                assert mine.tobytes() == np.array(tensor.values, "f4").tobytes()


OPTIONS = st.fixed_dictionaries(
    {
        "dq": st.booleans(),
        "scan_order": st.sampled_from([0, 0, 1, 2]),
        "parent_id": st.sampled_from(["ids", "sha256", "sha512"]),
        "device_id": st.sampled_from([None, 0, 3]),
        "effort": st.sampled_from(["fast", "fast", "default"]),
        "index": st.booleans(),
        "indexed_names": st.booleans(),
        "row_skip": st.sampled_from([None, True, False]),
        "predictive": st.booleans(),
        "shift_search": st.sampled_from(["off", "exact"]),
    }
)


@given(st.integers(0, 2**32), OPTIONS, st.sampled_from(list(Semantics)))
@settings(deadline=None, max_examples=15, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_random_chains_reach_the_quality_and_both_decoders_agree(seed, options, semantics):
    rng = np.random.default_rng(seed)
    chain = [encode(OLD, sqnr=SQNR, effort="fast", device_id=options["device_id"])]
    model = OLD
    for _ in range(3):
        model = moved(model, rng, part=rng.random(), size=10 ** rng.uniform(-3, 0.5))
        chain.append(encode(model, base=chain, semantics=semantics, sqnr=SQNR, **options))
        found = decode_chain(chain, semantics=semantics)
        check_quality(found, model)
        opened = OpenChain(chain, semantics=semantics)
        assert {n: a.tobytes() for n, a in opened.items()} == {
            n: a.tobytes() for n, a in found.items()
        }
    check_decoders_agree(chain)


def test_errors_do_not_add_up():
    rng, model = np.random.default_rng(1), OLD
    chain = Chain.of([encode(OLD, sqnr=SQNR)])
    for _ in range(8):
        model = moved(model, rng, part=1.0, size=0.02)
        chain = chain.after(encode(model, base=chain, sqnr=SQNR, effort="fast"))
        check_quality(chain.tensors, model)


def test_tensors_that_are_good_enough_are_left_out():
    base = encode(OLD, sqnr=SQNR)
    new = OLD | {"conv.weight": OLD["conv.weight"] + np.float32(0.01)}
    update = encode(new, base=base, sqnr=SQNR)
    assert list(open_stream(update)) == ["conv.weight"]
    assert len(open_stream(encode(decode(base), base=base, sqnr=SQNR))) == 0


@pytest.mark.parametrize("effort", ["fast", "default"])
def test_small_updates_are_small(effort):
    base = encode(OLD, sqnr=SQNR)
    new = moved(OLD, np.random.default_rng(2), part=0.05)
    update = encode(new, base=base, sqnr=SQNR, effort=effort)
    assert len(update) < len(encode(new, sqnr=SQNR, effort=effort)) / 2


def test_another_model_costs_hardly_more_than_without_a_base():
    rng = np.random.default_rng(3)
    other = {name: (5 * rng.permuted(array)) for name, array in OLD.items() if array.ndim > 1}
    old = {name: OLD[name] for name in other}
    alone, base = encode(other, sqnr=SQNR), encode(old, sqnr=SQNR)
    update = encode(other, base=base, sqnr=SQNR)
    assert len(update) <= len(alone) + 42 + 4 * len(other)
    check_quality(decode_chain([base, update]), other)


def test_tensors_of_other_shapes_and_types_and_new_ones_come_complete():
    base = encode(OLD, sqnr=SQNR)
    new = OLD | {
        "conv.weight": RNG.normal(size=(3, 4)).astype(np.float32),
        "half": OLD["half"].astype(np.float32),
        "new": np.ones((2, 2), np.float32),
    }
    update = encode(new, base=base, sqnr=SQNR)
    units = {t.name: t.unit.fields for t in open_stream(update).tensors()}
    assert list(units) == ["conv.weight", "half", "new"]
    assert not any(fields["parent_node_id_present_flag"] for fields in units.values())
    for semantics in Semantics:
        check_quality(decode_chain([base, update], semantics=semantics), new)


def test_update_after_a_complete_tensor_follows_that_one():
    chain = [encode(OLD, sqnr=SQNR)]
    model = OLD | {"half": np.ones((4, 4), np.float32)}
    for step in range(3):
        model = model | {"half": model["half"] + np.float32(step * 0.1)}
        chain.append(encode(model, base=chain, sqnr=SQNR))
        check_quality(decode_chain(chain), model)
        fields = open_stream(chain[-1]).info("half").unit.fields
        assert fields["put_node_depth"] == step + 1
    check_decoders_agree(chain)


def test_removed_tensors_are_refused():
    new = {name: array for name, array in OLD.items() if name != "half"}
    with pytest.raises(NnrError) as caught:
        encode(new, base=encode(OLD))
    assert (caught.value.id, caught.value.place.tensor) == ("update-impossible", "half")


def test_residuals_alone_are_marked_and_cannot_change_shapes():
    base = encode(OLD, sqnr=SQNR)
    new = OLD | {"half": OLD["half"] * 2}
    update = encode(new, base=base, sqnr=SQNR, predictive=True)
    assert open_stream(update).units[1].fields["nnr_pre_flag"] == 1
    check_quality(decode_chain([base, update]), new)
    with pytest.raises(NnrError) as caught:
        encode(OLD | {"half": np.ones(3, np.float16)}, base=base, predictive=True)
    assert (caught.value.id, caught.value.place.tensor) == ("update-impossible", "half")


def test_contexts_of_the_parent_are_used_where_that_is_shorter():
    rng = np.random.default_rng(4)
    where = rng.random((64, 96)) < 0.15
    model = {"w": rng.normal(size=(64, 96)).astype(np.float32)}
    chain = [encode(model, qp=-24)]
    used = set()
    for step in range(4):
        change = where * rng.choice([-1.0, 1.0], (64, 96)) * (0.5 + 0.01 * step)
        model = {"w": (model["w"] + change).astype(np.float32)}
        chain.append(encode(model, base=chain, qp=-12, dq=False))
        state = Chain.of(chain[:-1]).state
        stream = Stream(chain[-1], base=state)
        fields = stream.info("w").unit.fields
        used |= {"temporal"} if fields["temporal_context_modeling_flag"] else set()
        check_decoders_agree(chain)
    assert used == {"temporal"}


def test_history_masks_are_used_where_that_is_shorter(tmp_path):
    rng = np.random.default_rng(5)
    where = rng.random((64, 96)) < 0.1
    model = {"w": rng.normal(size=(64, 96)).astype(np.float32)}
    chain = [encode(model, qp=-24)]
    tools = []
    for _ in range(3):
        change = where * (rng.random((64, 96)) < 0.5) * rng.normal(size=(64, 96))
        model = {"w": (model["w"] + change).astype(np.float32)}
        report = encode_file(model, tmp_path / "u.nnr", base=chain, qp=-10)
        chain.append((tmp_path / "u.nnr").read_bytes())
        tools.append(report.tensors[0].tools)
    assert "history" not in tools[0]
    assert "history" in tools[1]
    assert "history" in tools[2]
    check_decoders_agree(chain)


def test_zero_rows_of_an_update_are_skipped(tmp_path):
    old = {"w": RNG.normal(size=(64, 32)).astype(np.float32)}
    base = encode(old, qp=-24)
    new = decode(base)["w"].copy()
    new[::8] += RNG.normal(size=(8, 32)).astype(np.float32)
    report = encode_file({"w": new}, tmp_path / "u.nnr", base=base, qp=-12)
    assert {"increment", "row-skip"} <= set(report.tensors[0].tools)


@pytest.mark.parametrize(
    ("parent_id", "kind"),
    [
        ("ids", ParentNodeIdType.ICNN_NDU_ID),
        ("sha256", ParentNodeIdType.ICNN_NDU_PL_SHA256),
        ("sha512", ParentNodeIdType.ICNN_NDU_PL_SHA512),
    ],
)
def test_parents_are_named_as_asked(parent_id, kind):
    chain = [encode(OLD, sqnr=SQNR)]
    new = moved(OLD, np.random.default_rng(6))
    chain.append(encode(new, base=chain, sqnr=SQNR, parent_id=parent_id, device_id=4))
    chain.append(encode(OLD, base=chain, sqnr=SQNR, parent_id=parent_id, device_id=4))
    for depth, data in enumerate(chain[1:], 1):
        fields = open_stream(data).info("conv.weight").unit.fields
        assert fields["parent_node_id_type"] == kind
        assert (fields["device_id"], fields["put_node_depth"]) == (4, depth)
    check_decoders_agree(chain)


@pytest.mark.parametrize("parent_id", ["sha256", "sha512"])
def test_hash_tells_the_wrong_parent(parent_id):
    base, other = encode(OLD, sqnr=SQNR), encode(OLD, sqnr=SQNR + 1)
    update = encode(moved(OLD, RNG), base=base, sqnr=SQNR, parent_id=parent_id)
    with pytest.raises(NnrError) as caught:
        Stream(update, base=Chain.of([other]).state).next_state()
    assert caught.value.id == "parent-mismatch"


def test_update_of_the_wrong_base_is_refused():
    base, other = encode(OLD, sqnr=SQNR), encode(OLD, sqnr=SQNR + 1)
    update = encode(moved(OLD, RNG), base=base, sqnr=SQNR)
    with pytest.raises(NnrError) as caught:
        decode_chain([other, update])
    assert caught.value.id == "base-model-mismatch"


@pytest.mark.parametrize("semantics", list(Semantics))
def test_bytes_do_not_depend_on_where_the_base_is_or_who_works(tmp_path, semantics):
    new = moved(OLD, np.random.default_rng(7))
    chain = [encode(OLD, sqnr=SQNR)]
    chain.append(encode(new, base=chain[0], sqnr=SQNR, effort="fast"))
    newest = moved(new, np.random.default_rng(8))
    options = {"sqnr": SQNR, "effort": "fast"}
    expected = encode(newest, base=chain, semantics=semantics, **options)
    paths = [tmp_path / f"{i}.nnr" for i in range(2)]
    for path, data in zip(paths, chain, strict=True):
        path.write_bytes(data)
    encode_file(newest, tmp_path / "out.nnr", base=paths, semantics=semantics, **options)
    assert (tmp_path / "out.nnr").read_bytes() == expected
    for base in (Chain.of(chain, semantics=semantics), OpenChain(chain, semantics=semantics)):
        assert encode(newest, base=base, **options) == expected
    with ThreadPoolExecutor(2) as pool:
        found = encode(newest, base=chain, semantics=semantics, executor=pool, **options)
    assert found == expected


def test_lossless_updates_are_exact():
    base = encode(OLD, sqnr=SQNR)
    update = encode(OLD, base=base, lossless=True)
    found = decode_chain([base, update])
    assert all(found[name].tobytes() == array.tobytes() for name, array in OLD.items())
    again = encode(OLD, base=[base, update], lossless=True)
    assert len(open_stream(again)) == 0


def test_numbers_that_are_not_finite_come_complete():
    base = encode(OLD, sqnr=SQNR)
    broken = OLD | {"half": np.where(OLD["half"] > 1, np.float16("nan"), OLD["half"])}
    update = encode(broken, base=base, sqnr=SQNR, non_finite="raw")
    found = decode_chain([base, update])["half"]
    assert np.array_equal(found, broken["half"], equal_nan=True)
    back = encode(OLD, base=[base, update], sqnr=SQNR)
    check_quality(decode_chain([base, update, back]), OLD)


def test_wide_integers_wrap_around():
    old = {"i": np.array([2**63 - 1, -(2**63), 5]), "u": np.array([[0, 2**32 - 1]], np.uint32)}
    new = {"i": np.array([-(2**63), 2**63 - 1, 6]), "u": np.array([[2**32 - 1, 0]], np.uint32)}
    base = encode(old)
    found = decode_chain([base, encode(new, base=base)])
    assert all(np.array_equal(found[name], array) for name, array in new.items())


@pytest.mark.parametrize(
    "options",
    [{"codebook": 12}, {"codebook": "auto"}, {"low_rank": "auto"}, {"local_scaling": True}],
)
def test_increments_take_every_form(options):
    base = encode(OLD, sqnr=SQNR)
    left, right = RNG.normal(size=(12, 1)), RNG.normal(size=(1, 36))
    change = (left @ right * 0.02).astype(np.float32).reshape(12, 4, 3, 3)
    new = OLD | {"conv.weight": OLD["conv.weight"] + change}
    rules = (Rule("conv.weight", options),)
    update = encode(new, base=base, sqnr=SQNR, rules=rules)
    found = decode_chain([base, update])
    assert options == {"codebook": 12} or sqnr_db(new["conv.weight"], found["conv.weight"]) >= SQNR
    check_decoders_agree([base, update])


def test_out_of_reach_of_the_step_is_complete():
    old = {"w": np.full((4, 4), 1e30, np.float32), "v": np.full(4, 1e30, np.float32)}
    new = {"w": np.full((4, 4), 1e-3, np.float32), "v": np.full(4, 1e-3, np.float32)}
    base = encode(old, sqnr=SQNR)
    check_quality(decode_chain([base, encode(new, base=base, sqnr=SQNR)]), new)


@pytest.mark.parametrize(
    "options",
    [
        {"profile": 0},
        {"compatible": True},
        {"blocks": "auto"},
        {"parent_id": "md5"},
        {"device_id": -1},
        {"semantics": "sum"},
    ],
)
def test_settings_that_no_update_has_are_refused(options):
    model = {"w": np.ones((2, 2), np.float32)}
    with pytest.raises(NnrError) as caught:
        encode(model, base=encode(model), **options)
    assert caught.value.id in ("setting-conflict", "setting-unknown")


@pytest.mark.parametrize(
    "options", [{"predictive": True}, {"semantics": "cumulative"}, {"parent_id": "sha256"}]
)
def test_settings_of_an_update_need_a_base(options):
    with pytest.raises(NnrError) as caught:
        encode({"w": np.ones((2, 2), np.float32)}, **options)
    assert caught.value.id == "setting-conflict"


def test_semantics_are_those_of_the_chain():
    model = {"w": np.ones((2, 2), np.float32)}
    chain = Chain.of([encode(model)], semantics="non-cumulative")
    for options in ({"base": []}, {"base": chain, "semantics": "cumulative"}):
        with pytest.raises(NnrError) as caught:
            encode(model, **options)
        assert caught.value.id == "setting-conflict"
    encode(model, base=chain, semantics="non-cumulative")


@pytest.mark.parametrize(
    "options",
    [
        {"blocks": "auto"},
        {"low_rank": 0.5},
        {"local_scaling": True},
        {"codebook": 16},
        {"profile": 0},
        {"lossless": True},
        {"compatible": True},
    ],
)
def test_base_can_be_coded_in_any_way(options):
    old = {name: OLD[name] for name in ("conv.weight", "conv.bias")}
    new = moved(old, np.random.default_rng(13))
    chain = [encode(old, **options)]
    chain.append(encode(new, base=chain, sqnr=SQNR))
    chain.append(encode(old, base=chain, sqnr=SQNR))
    check_quality(decode_chain(chain), old)
    assert decode_chain(chain)["conv.weight"].tobytes() == OpenChain(chain)["conv.weight"].tobytes()


def test_dimensions_of_an_update_can_be_out_of_band():
    base = encode(OLD, sqnr=SQNR)
    new = moved(OLD, np.random.default_rng(14))
    update, known = encode_out_of_band(new, base=base, sqnr=SQNR)
    check_quality(decode_chain([base, update], out_of_band=known), new)


def test_name_of_the_base_can_be_the_callers():
    model = {"w": np.ones((2, 2), np.float32)}
    base, named = encode(model), ModelParameters(base_model_id="resnet")
    assert open_stream(encode(model, base=base, parameters=named)).parameters == named
    scored = encode(model, base=base, parameters=ModelParameters(validation_set_performance=0.5))
    assert open_stream(scored).parameters.base_model_id == Chain.of([base]).base_model_id


def test_updates_of_split_streams_name_whole_payloads():
    chain = [encode(OLD, sqnr=SQNR, max_unit_bytes=60)]
    new = moved(OLD, np.random.default_rng(12))
    options = {"sqnr": SQNR, "max_unit_bytes": 80, "parent_id": "sha256"}
    chain.append(encode(new, base=chain, **options))
    check_quality(decode_chain(chain), new)
    check_decoders_agree(chain)
