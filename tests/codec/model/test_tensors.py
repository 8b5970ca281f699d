import subprocess
import sys

import numpy as np
import pytest

from nnref.codec.model import TensorInfo, dtype_name, numpy_dtype
from nnref.codec.model.tensors import ITEM_BYTES, item_bytes, plain
from nnref.spec.errors import UsageError
from tests.codec.model.samples import NUMPY_DTYPES, random_tensor, same


@pytest.mark.parametrize("name", ITEM_BYTES)
def test_every_data_type_name_is_that_of_its_numpy_type(name):
    assert dtype_name(numpy_dtype(name)) == name
    assert numpy_dtype(name).itemsize == ITEM_BYTES[name]


@pytest.mark.parametrize("name", ["complex64", "object", "str", "float128", "float4_e2m1fn", ""])
def test_other_data_types_are_refused(name):
    with pytest.raises(UsageError, match="data type") as caught:
        numpy_dtype(name)
    assert caught.value.id == "tensor-dtype-unsupported"


@pytest.mark.parametrize("dtype", ["c8", "O", "S3", "U1", "M8[s]", "f4,f4", "V2"])
def test_numpy_types_without_coded_form_are_refused(dtype):
    with pytest.raises(UsageError):
        dtype_name(np.dtype(dtype))


def test_size_and_bytes_of_scalars_and_empty_tensors():
    assert (TensorInfo("bfloat16", ()).size, TensorInfo("bfloat16", ()).nbytes) == (1, 2)
    assert (TensorInfo("float64", (3, 0)).size, TensorInfo("float64", (2, 3)).nbytes) == (0, 48)


@pytest.mark.parametrize(
    ("shape", "possible"),
    [
        ((), True),
        ((1,) * 32, True),
        ((1,) * 33, False),
        ((-1,), False),
        ((1 << 62, 0), False),
        ((1 << 40, 0), True),
        ((1 << 40, 1 << 40, 0), False),
    ],
)
def test_a_possible_shape_is_one_that_numpy_can_hold(shape, possible):
    assert TensorInfo("float32", shape).possible is possible
    if possible and 0 in shape:
        assert np.empty(shape, np.float32).shape == shape


@pytest.mark.parametrize("name", NUMPY_DTYPES)
def test_any_layout_and_byte_order_becomes_plain(name):
    array = random_tensor(name, (4, 6))
    other_end = array.astype(array.dtype.newbyteorder(">"))
    for awkward in (other_end, np.asfortranarray(array), array[::2, ::-1], array.T):
        result = plain(awkward)
        assert result.flags.c_contiguous
        assert result.dtype.isnative
        assert np.array_equal(result, awkward, equal_nan=name.startswith("float")), (
            "the values are the same"
        )


def test_misaligned_items_are_copied_and_plain_ones_are_not():
    octets = np.zeros(9, np.uint8)
    misaligned = octets[1:].view(np.float32)
    assert plain(misaligned).flags.aligned
    array = np.zeros((2, 2), np.float32)
    assert np.shares_memory(plain(array), array)
    assert plain(np.array(1.5)).shape == ()


@pytest.mark.parametrize("name", ITEM_BYTES)
def test_item_bytes_are_the_bytes_of_the_items(name):
    array = random_tensor(name)
    assert item_bytes(array).tobytes() == array.tobytes()
    assert same(item_bytes(array).view(array.dtype).reshape(array.shape), array)


def test_importing_the_package_imports_no_framework():
    code = (
        "import sys, nnref.codec.model as model; model.open_model({'a': [1.0]}).read('a');"
        "heavy = {'torch', 'safetensors', 'ml_dtypes', 'numba', 'zipfile'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
