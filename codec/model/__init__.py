"""Tensor files in and out, one tensor at a time.

`open_model` reads a mapping of arrays, `.safetensors`, `.npz`, a torch state dict or a Hugging
Face folder as one `TensorSource`; `create_model` writes the three file formats as a `TensorSink`.
"""

from nnref.codec.model.files import atomic_write
from nnref.codec.model.formats import ModelInput, create_model, open_model, stored_dtype
from nnref.codec.model.sink import TensorSink
from nnref.codec.model.source import TensorSource
from nnref.codec.model.tensors import TensorInfo, dtype_name, numpy_dtype

__all__ = [
    "ModelInput",
    "TensorInfo",
    "TensorSink",
    "TensorSource",
    "atomic_write",
    "create_model",
    "dtype_name",
    "numpy_dtype",
    "open_model",
    "stored_dtype",
]
