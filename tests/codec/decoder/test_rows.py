"""Some rows of a tensor are those rows of the whole tensor."""

from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

from nnref.codec import encode, open_stream
from nnref.codec.decoder import rows
from nnref.codec.entropy import PayloadDecoder
from nnref.spec.errors import InvalidError, NnrError, UsageError

RANDOM = np.random.default_rng(4)
WEIGHT = RANDOM.laplace(0, 0.1, (70, 3, 9)).astype(np.float32)
WEIGHT[20:33] = 0

CASES = {
    "dependent": (WEIGHT, {}),
    "uniform": (WEIGHT, {"dq": False}),
    "skipped rows": (WEIGHT, {"dq": False, "row_skip": True}),
    "profile 0": (WEIGHT, {"profile": 0}),
    "integers": (RANDOM.integers(-9, 9, (40, 20), dtype=np.int16), {}),
    "bytes": (RANDOM.integers(0, 255, (40, 20), dtype=np.uint8), {}),
    "half": (WEIGHT.astype(np.float16), {}),
    "bits": (WEIGHT.astype(ml_dtypes.bfloat16), {"lossless": True}),
    "words": (RANDOM.integers(-(2**60), 2**60, (40, 20)), {}),
    "raw": (WEIGHT, {"lossless": True}),
    "codebook": (WEIGHT, {"dq": False, "codebook": 7}),
}


@pytest.mark.parametrize("scan_order", [0, 1, 3])
@pytest.mark.parametrize("case", CASES)
def test_rows_are_those_of_the_whole_tensor(case, scan_order):
    array, options = CASES[case]
    opened = open_stream(encode({"a": WEIGHT, "t": array}, scan_order=scan_order, **options))
    whole = opened["t"]
    for first, last in ((0, 1), (0, 40), (7, 8), (8, 16), (13, 39), (39, 40), (5, 5)):
        part = opened.rows("t", first, last)
        assert part.dtype == whole.dtype
        assert np.array_equal(part, whole[first:last])


def test_rows_of_a_block_scan_are_decoded_without_those_before(monkeypatch):
    asked = []
    block_rows = PayloadDecoder.decode_block_rows

    def decode_block_rows(self, syntax, entry_points, first, last, *rest):
        asked.append((first, last))
        return block_rows(self, syntax, entry_points, first, last, *rest)

    monkeypatch.setattr(PayloadDecoder, "decode_block_rows", decode_block_rows)
    opened = open_stream(encode({"t": WEIGHT}, scan_order=1))
    opened.rows("t", 17, 25)
    opened.rows("t", 64, 70)
    assert asked == [(2, 4), (8, 9)]


def test_an_entry_point_that_lies_is_found_when_it_is_used_or_passed():
    opened = open_stream(encode({"t": WEIGHT}, scan_order=1))
    points = opened.info("t").unit.fields["entry_points"]
    points[4]["cabac_offset_list"] ^= 1
    opened.rows("t", 0, 40)  # five block rows: the last of them begins with the point before
    with pytest.raises(InvalidError) as caught:
        opened.rows("t", 0, 41)
    assert caught.value.id == "entry-point-mismatch"
    assert caught.value.place.tensor == "t"


def test_a_truncated_payload_is_found_by_the_rows_that_it_ends_in():
    opened = open_stream(encode({"t": WEIGHT}, scan_order=1))
    tensor = opened.info("t")
    (piece,) = tensor.unit.pieces
    short = replace(tensor.unit, pieces=(piece._replace(data=piece.data[:-40]),))
    work = replace(opened._work(tensor.unit), unit=short)
    assert np.array_equal(rows.decode_rows(work, tensor, 0, 8), opened["t"][:8])
    with pytest.raises(NnrError) as caught:
        rows.decode_rows(work, tensor, 64, 70)
    assert caught.value.id == "payload-truncated"
    assert caught.value.place.bit is not None


@pytest.mark.parametrize(("first", "last"), [(-1, 3), (4, 3), (0, 71)])
def test_rows_that_do_not_exist_are_wrong_usage(first, last):
    opened = open_stream(encode({"t": WEIGHT, "scalar": np.array(1.0, np.float32)}))
    for name in ("t", "scalar", "other"):
        with pytest.raises(UsageError):
            opened.rows(name, first, last)
