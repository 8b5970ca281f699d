"""Clauses 12.6 and 12.7: a base and its updates, added up in both ways."""

import ml_dtypes
import numpy as np
import pytest

from nnref.codec import (
    Chain,
    NnrError,
    OpenChain,
    decode,
    decode_chain,
    decode_chain_file,
    encode,
    open_stream,
)
from nnref.codec.decoder.chain import Semantics, sum_of
from nnref.codec.model import open_model
from nnref.spec.errors import UsageError
from nnref.spec.syntax import StreamState, read_units, write_unit
from nnref.spec.tables.enums import UnitType
from tests.spec.process.streams import UPDATES

BASE = encode({"w": np.array([[1.0, 0.0], [2.0, 3.0]], np.float32), "n": np.arange(4)}, qp=-8)


def as_update(stream, **changed):
    """The units of a stream of profile 1 in one whose parameter set has other elements."""
    state, out = StreamState(), b""
    for unit in read_units(stream):
        fields = {name: value for name, value in unit.fields.items() if value is not None}
        if unit.nnr_unit_type == UnitType.NNR_MPS:
            del fields["nnr_reserved_zero_1bit"]
            fields |= {"mps_parent_signalling_enabled_flag": 1, "nnr_pre_flag": 0} | changed
        data = write_unit(unit.nnr_unit_type, fields, bytes(unit.payload), state, strict=False)
        state = state.after(unit.nnr_unit_type, fields)
        out += data
    return out


def each():
    """The tensors of the three streams, as coded."""
    state, found = None, []
    for data in UPDATES:
        chain = decode(data, base=state)
        state = Chain.of(UPDATES[: len(found) + 1]).state
        found.append(chain)
    return found


def test_cumulative_updates_are_added_to_the_result_so_far():
    first, second, third = each()
    assert "b" not in third
    found = decode_chain(UPDATES)
    assert np.array_equal(found["w"], (first["w"] + second["w"]) + third["w"])
    assert np.array_equal(found["b"], first["b"] + second["b"])
    assert list(found) == list(first)


def test_non_cumulative_updates_replace_each_other():
    first, second, third = each()
    found = decode_chain(UPDATES, semantics="non-cumulative")
    assert np.array_equal(found["w"], first["w"] + third["w"])
    assert np.array_equal(found["b"], first["b"])
    found = decode_chain(UPDATES[:2], semantics="non-cumulative")
    assert np.array_equal(found["b"], first["b"] + second["b"])


def test_a_chain_of_one_stream_is_that_stream():
    for semantics in ("cumulative", "non-cumulative"):
        found = decode_chain(UPDATES[:1], semantics=semantics)
        assert all(np.array_equal(found[name], array) for name, array in each()[0].items())
    assert decode_chain([]) == {}


def test_streams_out_of_order_are_refused():
    with pytest.raises(NnrError) as caught:
        decode_chain([UPDATES[0], UPDATES[2]])
    assert caught.value.id == "parent-mismatch"
    assert caught.value.place.element == "put_node_depth"


def test_floats_are_added_in_binary32_and_keep_their_type():
    one, tiny = np.array([1.0], np.float32), np.array([2.0**-24 * 1.5], np.float32)
    assert sum_of(one, tiny, "w")[0] == np.float32(1 + 2.0**-23)
    for dtype in (np.float16, ml_dtypes.bfloat16, np.float64):
        total = sum_of(one.astype(dtype), np.array([0.25], np.float32), "w")
        assert (total.dtype, float(total[0])) == (dtype, 1.25)
    largest = np.array([65504], np.float16)
    assert sum_of(largest, np.array([1000], np.float32), "w")[0] == 65504


def test_integers_wrap_and_booleans_are_exclusive_ored():
    assert sum_of(np.array([120, -3], np.int8), np.array([10, 1], np.int8), "i").tolist() == [
        -126,
        -2,
    ]
    assert sum_of(np.array([2**40]), np.array([1]), "i").tolist() == [2**40 + 1]
    assert sum_of(np.array([250], np.uint8), np.array([10], np.uint8), "i").tolist() == [4]
    assert sum_of(np.array([True, True]), np.array([True, False]), "b").tolist() == [False, True]
    assert sum_of(np.array(3), np.array(4), "i").shape == ()


@pytest.mark.parametrize(
    "update", [np.zeros(3, np.float32), np.zeros((2, 2), np.float32), np.zeros(2, np.int32)]
)
def test_an_update_that_does_not_fit_is_refused(update):
    with pytest.raises(NnrError) as caught:
        decode_chain([encode({"w": np.ones(2, np.float32)}), encode({"w": update})])
    assert caught.value.id == "update-mismatch"
    assert caught.value.place.tensor == "w"


def test_tensors_that_an_update_brings_come_behind_the_others():
    streams = [encode({"b": np.arange(3)}), encode({"a": np.arange(2)})]
    assert {n: a.tolist() for n, a in decode_chain(streams).items()} == {
        "b": [0, 1, 2],
        "a": [0, 1],
    }


def test_unknown_semantics_are_refused():
    with pytest.raises(UsageError) as caught:
        decode_chain(UPDATES, semantics="sum")
    assert caught.value.id == "setting-unknown"


def test_a_chain_is_written_to_a_file_whole_or_not_at_all(tmp_path):
    chain = decode_chain_file(UPDATES, tmp_path / "out.npz")
    assert chain.size == sum(map(len, UPDATES))
    with open_model(tmp_path / "out.npz") as source:
        assert np.array_equal(source.read("w"), decode_chain(UPDATES)["w"])
    assert chain.infos()["w"].shape == (6, 5)
    with pytest.raises(NnrError):
        decode_chain_file([UPDATES[0], UPDATES[1][:-2]], tmp_path / "other.npz")
    assert not (tmp_path / "other.npz").exists()


@pytest.mark.parametrize("semantics", list(Semantics))
def test_a_chain_read_tensor_by_tensor_is_the_one_in_memory(semantics):
    for streams in (UPDATES[:1], UPDATES[:2], UPDATES, [BASE, as_update(BASE), BASE]):
        whole = Chain.of(streams, semantics=semantics)
        opened = OpenChain(streams, semantics=semantics)
        assert list(opened) == list(opened.infos()) == list(whole.tensors)
        assert opened.names() == whole.names()
        assert opened.base_model_id == whole.base_model_id
        for name in [*whole.tensors, *whole.tensors]:
            assert np.array_equal(opened[name], whole.tensors[name])
        for name in whole.names():
            (mine, stored), (theirs, expected) = opened.read(name), whole.read(name)
            assert np.array_equal(mine, theirs)
            one, other = stored.tensors[name], expected.tensors[name]
            assert np.array_equal(one.quantized, other.quantized)
            assert np.array_equal(one.history, other.history)
            assert one.payload_sha512 == other.payload_sha512


def test_tensors_that_share_units_in_any_stream_are_decoded_together():
    tensors = {n: np.ones((4, 4) if "w" in n else 4, np.float32) for n in ("a.weight", "a.bias")}
    streams = [encode(tensors, blocks="auto"), encode(tensors)]
    found = OpenChain(streams)
    assert found["a.bias"].tolist() == decode_chain(streams)["a.bias"].tolist()
    assert np.array_equal(found["a.weight"], decode_chain(streams)["a.weight"])


def test_open_chain_is_a_mapping():
    chain = OpenChain(UPDATES)
    assert (list(chain), len(chain), "b" in chain, "x" in chain) == (["w", "b"], 2, True, False)
    with pytest.raises(KeyError):
        chain["x"]


@pytest.mark.parametrize("semantics", list(Semantics))
def test_tensor_without_a_parent_in_an_update_replaces_the_old_one(semantics):
    other = encode({"w": np.array([4.0, 5.0, 6.0], np.float32)}, qp=-8)
    found = decode_chain([BASE, as_update(other)], semantics=semantics)
    assert found["w"].tolist() == [4, 5, 6]
    assert found["n"].tolist() == [0, 1, 2, 3]
    with pytest.raises(NnrError):
        decode_chain([BASE, other], semantics=semantics)


def test_tensors_of_predictive_residuals_are_added_without_a_parent():
    found = decode_chain([BASE, as_update(BASE, nnr_pre_flag=1)])
    assert found["w"].tolist() == [[2, 0], [4, 6]]


def test_a_base_does_not_count_in_a_history_mask():
    assert not Chain.of([BASE]).state.tensors["w"].history.any()
    mask = Chain.of([BASE, as_update(BASE)]).state.tensors["w"].history
    assert mask.tolist() == [[1, 0], [1, 1]]


def named(base, update, semantics):
    name = Chain.of(base, semantics=semantics).base_model_id
    return as_update(update, base_model_id_present_flag=1, base_model_id=name, nnr_pre_flag=1)


@pytest.mark.parametrize("chain", [Chain.of, OpenChain])
def test_update_of_other_streams_is_refused(chain):
    first = named([BASE], BASE, "cumulative")
    second = named([BASE, first], BASE, "cumulative")
    chain([BASE, first, second])
    wrong = [
        [encode({"w": np.zeros((2, 2), np.float32), "n": np.arange(4)}, qp=-8), first],
        [BASE, first, first],
        [first],
        [BASE, second],
    ]
    for streams in wrong:
        with pytest.raises(NnrError) as caught:
            chain(streams)
        assert caught.value.id == "base-model-mismatch"
        assert caught.value.place.element == "base_model_id"


def test_update_of_the_other_semantics_is_refused():
    first = named([BASE], BASE, "non-cumulative")
    second = named([BASE, first], BASE, "non-cumulative")
    decode_chain([BASE, second])
    found = decode_chain([BASE, first, second], semantics="non-cumulative")
    assert np.array_equal(found["w"], 2 * decode(BASE)["w"])
    with pytest.raises(NnrError) as caught:
        decode_chain([BASE, first, second])
    assert caught.value.id == "base-model-mismatch"


def test_base_model_id_of_another_form_is_for_users_to_check():
    other = as_update(BASE, base_model_id_present_flag=1, base_model_id="resnet", nnr_pre_flag=1)
    decode_chain([BASE, other])
    assert open_stream(other).units[1].fields["base_model_id"] == "resnet"
