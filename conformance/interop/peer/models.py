"""Whole models through NNCodec's Python functions."""

from typing import Any

import numpy as np
from nncodec import nnc, nnc_core

from .frames import Array, Message


def compress(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`values`: names, options (NNCodec's own, and profile); arrays: the tensors. Gives a stream.

    Profile 0 is out of reach of `nnc.compress`; the functions it calls take it.
    """
    tensors = dict(zip(request.values["names"], request.arrays, strict=True))
    options = dict(request.values["options"])
    if options.pop("profile") == 1:
        stream = nnc.compress(tensors, bitstream_path=None, return_bitstream=True, **options)
    else:
        stream = _compress_profile_0(tensors, **options)
    return {}, [np.frombuffer(bytes(stream), np.uint8)]


def decompress(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`arrays`: the stream. Gives the tensors in decoded order."""
    tensors = nnc.decompress(bytearray(request.arrays[0].tobytes()))
    return {"names": list(tensors)}, [np.asarray(a) for a in tensors.values()]


def _compress_profile_0(
    tensors: dict[str, Array],
    *,
    qp: int,
    nonweight_qp: int,
    qp_density: int,
    use_dq: bool,
    scan_order: int,
    cabac_unary_length_minus1: int,
    param_opt: bool,
    row_skipping: bool,
) -> bytearray:
    if row_skipping:
        raise ValueError("profile 0 has no row skipping")
    model = nnc_core.nnr_model.NNRModel(tensors).model_info
    data = nnc_core.approximator.init_approx_data(
        tensors, model, qp_density=qp_density, scan_order=scan_order
    )
    approximation = nnc_core.approximator.ApproxInfo(
        data,
        model,
        approx_method="uniform",
        codebook_mode=0,
        qp=qp,
        opt_qp=False,
        disable_dq=not use_dq,
        cabac_unary_length_minus1=cabac_unary_length_minus1,
        lambda_scale=0,
        nonweight_qp=nonweight_qp,
    ).approx_info
    coding = {
        "general_profile_idc": 0,
        "param_opt_flag": param_opt,
        "cabac_unary_length_minus1": cabac_unary_length_minus1,
        "partial_data_counter": 0,
        "mps_parent_signalling_enabled_flag": 0,
        "parent_node_id_present_flag": 0,
        "node_id_present_flag": 0,
    }
    quantized = nnc_core.approximator.approx(approximation, model, data, coding)
    stream, _ = nnc_core.coder.encode(coding, model, quantized)
    return bytearray(stream)
