"""Method data units for the tests (clause 14.2.2)."""

from typing import Any

import numpy as np

from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.private_units import METHOD_UNIT

FIELDS = {
    "method_idc": 1,
    "topology_elem_id": "w",
    "count_tensor_dimensions": 2,
    "tensor_dimensions": [2, 3],
    "lnq_header": {"lnq_layer_flag": 0, "dq_flag": 0, "cabac_unary_length_minus1": 10},
}
"""Elements of a unit whose layer is coded plainly."""


def method_unit(state: StreamState, payload: bytes, **changes: Any) -> bytes:
    """A method data unit: FIELDS with changes; the value None leaves an element out."""
    given = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    return write_unit(METHOD_UNIT, given, payload, state)


def plain_payload(qp_delta: int, quantized: Any, dq_flag: int = 0, density: int = 2) -> bytes:
    """Clause 15.1: the codeword of a plain layer."""
    rows, columns = quantized.shape
    encoder = PayloadEncoder()
    encoder.iae(6 + density, qp_delta)
    syntax = TensorSyntax(rows, columns, dq_flag=dq_flag)
    encoder.encode_tensor(quantized.astype(np.int32).reshape(-1), syntax)
    return encoder.finish()
