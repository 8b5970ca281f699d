"""Single tensors through NNCodec's C++ binding: what its coder and quantizers do, unwrapped."""

from typing import Any

import numpy as np
from nncodec.extensions import deepCABAC

from .frames import Array, Message

_NO_HISTORY = deepCABAC.HdspMode.AlwaysOff
_NO_MASK = np.zeros(0, np.int8)
_NO_CODEBOOK = (0, 0)


def encode_levels(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`arrays`: int32 quantized parameters. Gives the payload: one tensor, no qp in front.

    `values`: unary_length, search, dq, scan_order, profile.
    """
    options = request.values
    (quantized,) = request.arrays
    encoder = deepCABAC.Encoder()
    encoder.initCtxModels(options["unary_length"], options["search"])
    no_row_skip = 0, np.zeros(quantized.shape[0], np.int32)
    encoder.encodeLayer(
        quantized,
        options["dq"],
        options["scan_order"],
        options["profile"],
        0,
        *no_row_skip,
        _NO_HISTORY,
        _NO_MASK,
        *_NO_CODEBOOK,
    )
    return {}, [np.asarray(encoder.finish(), np.uint8)]


def decode_levels(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`arrays`: a payload of row-major scan. Gives int32 quantized parameters.

    `values`: shape, unary_length, dq, profile.
    """
    options = request.values
    quantized = np.zeros(options["shape"], np.int32)
    decoder = deepCABAC.Decoder()
    decoder.setStream(request.arrays[0])
    decoder.initCtxModels(options["unary_length"])
    decoder.decodeLayer(
        quantized, options["dq"], 0, options["profile"], 0, _NO_HISTORY, _NO_MASK, *_NO_CODEBOOK
    )
    decoder.finish()
    return {}, [quantized]


def quantize(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`arrays`: float32 weights. Gives the qp used and int32 quantized parameters.

    `values`: dq, qp_density, qp, unary_length, scan_order, profile.
    """
    options = request.values
    (weights,) = request.arrays
    quantized = np.zeros(weights.shape, np.int32)
    encoder = deepCABAC.Encoder()
    encoder.initCtxModels(options["unary_length"], 0)
    qp = encoder.quantLayer(
        weights,
        quantized,
        options["dq"],
        options["qp_density"],
        options["qp"],
        0.0,
        options["unary_length"],
        options["scan_order"],
        options["profile"],
    )
    return {"qp": int(qp)}, [quantized]
