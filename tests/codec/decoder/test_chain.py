"""Clause 12.6: a base and its updates, added up in both ways."""

import ml_dtypes
import numpy as np
import pytest

from nnref.codec import Chain, NnrError, decode, decode_chain, decode_chain_file, encode
from nnref.codec.decoder.chain import sum_of
from nnref.codec.model import open_model
from nnref.spec.errors import UsageError
from tests.spec.process.streams import UPDATES


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
    assert chain.stream_bytes == sum(map(len, UPDATES))
    with open_model(tmp_path / "out.npz") as source:
        assert np.array_equal(source.read("w"), chain.tensors["w"])
    with pytest.raises(NnrError):
        decode_chain_file([UPDATES[0], UPDATES[1][:-2]], tmp_path / "other.npz")
    assert not (tmp_path / "other.npz").exists()
