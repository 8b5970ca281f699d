"""Tensors that between them have every data type, odd shapes, layouts and names."""

import numpy as np

from nnref.codec.model import numpy_dtype
from nnref.codec.model.tensors import ITEM_BYTES, needs_ml_dtypes

EXTENDED_DTYPES = [name for name in ITEM_BYTES if needs_ml_dtypes(name)]
NUMPY_DTYPES = [name for name in ITEM_BYTES if not needs_ml_dtypes(name)]


def random_tensor(dtype, shape=(3, 5), seed=1):
    """Every bit pattern of the data type is possible, NaN included."""
    generator = np.random.default_rng(seed)
    if dtype == "bool":
        return generator.integers(0, 2, shape).astype(bool)
    count = int(np.prod(shape)) * ITEM_BYTES[dtype]
    octets = generator.integers(0, 256, count, np.uint8)
    return octets.view(numpy_dtype(dtype)).reshape(shape)


def odd_tensors():
    return {
        "layer.0.weight": random_tensor("float32", (4, 3, 2)),
        "": random_tensor("int16", (2,)),
        "größe/层\U0001f9e0 x.npy": random_tensor("float64", (3,)),
        "scalar": np.array(-7, np.int64),
        "true": np.array(True),
        "empty": np.zeros((0, 3), np.float32),
        "half": random_tensor("float16", (5,)),
        "byte": random_tensor("uint8", (3,)),
        "brain": random_tensor("bfloat16", (1, 3)),
        "wide": random_tensor("uint64", (1,)),
    }


def same(given, expected):
    """Equal data type, shape and bytes."""
    return (
        given.dtype == expected.dtype
        and given.shape == expected.shape
        and given.tobytes() == expected.tobytes()
    )


def listing(folder):
    """The names of all files of a folder."""
    return sorted(path.name for path in folder.iterdir())
