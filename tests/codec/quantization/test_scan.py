import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec.quantization.scan import effective_scan_order, from_scan, matrix_view, to_scan
from nnref.spec.errors import UnsupportedError
from tests.codec.quantization.literal import scan_positions

shapes = st.lists(st.integers(1, 40), min_size=0, max_size=3).map(tuple)


@given(shapes, st.integers(0, 4))
@settings(deadline=None)
def test_scan_visits_block_rows_blocks_and_rows_in_order(shape, order):
    tensor = np.arange(int(np.prod(shape, dtype=int)), dtype=np.int32).reshape(shape)
    scanned = to_scan(tensor, order)
    assert scanned.tolist() == scan_positions(*matrix_view(shape), order)
    assert np.array_equal(from_scan(scanned, shape, order), tensor)


@pytest.mark.parametrize("shape", [(), (7,), (7, 1), (1, 7), (1, 3, 3), (0,), (5, 0), (0, 5)])
def test_scan_of_one_row_or_column_is_row_major(shape):
    assert effective_scan_order(shape, 3) == 0
    assert to_scan(np.zeros(shape, np.float32), 3).shape == (int(np.prod(shape)),)


def test_reserved_scan_order_is_refused():
    with pytest.raises(UnsupportedError):
        to_scan(np.zeros((9, 9), np.float32), 5)
