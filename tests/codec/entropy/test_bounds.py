import numpy as np
import pytest

from nnref.codec.entropy import PayloadDecoder, PayloadEncoder, TensorSyntax, weights_bound
from nnref.codec.entropy.bounds import BINS_PER_SHIFT, most_context_bins, most_shifts
from nnref.spec.errors import NnrError
from nnref.spec.tables.cabac import RANGE_LPS


def smallest_steps(range_):
    """p of `most_context_bins`: bins from a range to below 256 by the smallest steps."""
    bins = 0
    while range_ >= 256:
        range_ -= min(RANGE_LPS[(range_ >> 5) & 7])
        bins += 1
    return bins


def test_no_bin_does_better_than_the_proof_says():
    for range_ in range(256, 511):
        left = smallest_steps(range_)
        assert left >= smallest_steps(256)
        for range_lps in RANGE_LPS[(range_ >> 5) & 7]:
            for after in (range_ - range_lps, range_lps):
                shifts = 9 - after.bit_length()
                gained = BINS_PER_SHIFT * shifts
                assert 1 + smallest_steps(after << shifts) <= left + gained


def test_bound_holds_from_the_start_of_a_payload():
    assert smallest_steps(510) == BINS_PER_SHIFT
    assert most_context_bins(0) == BINS_PER_SHIFT - smallest_steps(256)


def zeros(syntax, search="off", row_skip=False):
    encoder = PayloadEncoder()
    encoder.encode_tensor(
        np.zeros(syntax.weights, np.int32), syntax, shift_search=search, row_skip=row_skip
    )
    return encoder.finish()


def test_zeros_come_close_to_the_bound():
    syntax = TensorSyntax(1_000_000, 1)
    payload = zeros(syntax)
    assert 0.9 < syntax.weights / weights_bound(len(payload), syntax) <= 1


def test_bound_follows_from_the_payload_length():
    assert most_shifts(2) == 7
    assert weights_bound(91, TensorSyntax(30_000, 30_000)) == 98 * 720 - 1
    assert weights_bound(1, TensorSyntax(3, 3)) == 0


def test_skipped_rows_bound_the_rows_alone():
    syntax = TensorSyntax(30_000, 30_000)
    assert weights_bound(91, syntax, row_skip=True) == (98 * 720 - 1) * 30_000
    assert weights_bound(91, TensorSyntax(9, 1), row_skip=True) == 98 * 720 - 1


def test_nothing_bounds_what_is_not_coded():
    syntax = TensorSyntax(30_000, 30_000, codebook_size=1)
    assert weights_bound(2, syntax) == 900_000_000


def test_ninety_one_bytes_do_not_hold_a_large_matrix():
    payload = zeros(TensorSyntax(100, 100, profile=0))[:5].ljust(91, b"\x5a")
    for profile in (0, 1):
        with pytest.raises(NnrError, match="weights, at most 70559 in 91 bytes") as caught:
            PayloadDecoder(payload).decode_tensor(TensorSyntax(30_000, 30_000, profile=profile))
        assert caught.value.id == "payload-bound"


def test_more_rows_than_bins_are_refused_even_if_all_are_skipped():
    payload = zeros(TensorSyntax(50, 50), row_skip=True)
    with pytest.raises(NnrError) as caught:
        PayloadDecoder(payload).decode_tensor(TensorSyntax(1 << 30, 2))
    assert caught.value.id == "payload-bound"


def test_large_matrix_of_skipped_rows_decodes():
    syntax = TensorSyntax(300, 10_000)
    payload = zeros(syntax, row_skip=True)
    assert len(payload) < 100
    assert weights_bound(len(payload), syntax) < syntax.weights
    decoder = PayloadDecoder(payload)
    assert not decoder.decode_tensor(syntax).any()
    assert decoder.finish(strict=True) == len(payload)


def test_rows_that_are_not_skipped_count():
    """All rows but one skipped in the list, read as a matrix with too wide rows."""
    quantized = np.zeros((300, 1000), np.int32)
    quantized[:200:2] = 1
    encoder = PayloadEncoder()
    syntax = TensorSyntax(300, 1000)
    encoder.encode_tensor(quantized.reshape(-1), syntax, row_skip=True)
    with pytest.raises(NnrError) as caught:
        PayloadDecoder(encoder.finish()).decode_tensor(TensorSyntax(300, 1_000_000))
    assert caught.value.id == "payload-bound"
