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
    if options["profile"] == 1:
        del options["profile"]
        stream = nnc.compress(tensors, bitstream_path=None, return_bitstream=True, **options)
    else:
        stream = _compress_below(tensors, **options)
    return {}, [np.frombuffer(bytes(stream), np.uint8)]


def compress_with_tools(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """The same by the functions below `nnc.compress`, which have more tools."""
    tensors = dict(zip(request.values["names"], request.arrays, strict=True))
    stream = _compress_below(tensors, **request.values["options"])
    return {}, [np.frombuffer(bytes(stream), np.uint8)]


def decompress(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """`values`: options of NNCodec; `arrays`: the stream. Gives the tensors in decoded order."""
    options = request.values.get("options", {})
    return _reply(nnc.decompress(bytearray(request.arrays[0].tobytes()), **options))


def decompress_members(request: Message) -> tuple[dict[str, Any], list[Array]]:
    """The same without recomposing factors, which `nnc.decompress` fails at."""
    model: dict[str, Any] = {
        "parameter_type": {},
        "parameter_dimensions": {},
        "parameter_index": {},
        "block_identifier": {},
        "topology_storage_format": None,
        "topology_compression_format": None,
        "performance_maps": {"mps": {}, "lps": {}},
        "performance_map_flags": {},
    }
    tools = "sparsification", "pruning", "unification", "decomposition_performance_map"
    for tool in tools:
        model["performance_map_flags"] |= {f"mps_{tool}_flag": {}, f"lps_{tool}_flag": {}}
    stream = bytearray(request.arrays[0].tobytes())
    data = nnc_core.coder.decode(stream, model, oob_dict={})
    nnc_core.approximator.rec(data)
    return _reply(data["parameters"])


def _reply(tensors: dict[str, Array]) -> tuple[dict[str, Any], list[Array]]:
    return {"names": list(tensors)}, [np.asarray(a) for a in tensors.values()]


def _compress_below(
    tensors: dict[str, Array],
    *,
    profile: int,
    qp: int,
    nonweight_qp: int,
    qp_density: int,
    use_dq: bool,
    scan_order: int,
    cabac_unary_length_minus1: int,
    param_opt: bool,
    row_skipping: bool,
    blocks: dict[str, Any] | None = None,
    factored: dict[str, list[int]] | None = None,
    fold: bool = False,
    **approximation: Any,
) -> bytearray:
    """What `nnc.compress` does, for both profiles.

    `blocks` are NNCodec's block identifiers and parameter types; `factored` the shapes of weights
    of which `tensors` has the factors; `fold` folds batch norms; `approximation` are codebook_mode,
    lambda_scale, opt_qp, qp_per_tensor and int_quant_bw.
    """
    if row_skipping and profile == 0:
        raise ValueError("profile 0 has no row skipping")
    whole = {name: np.zeros(shape, np.float32) for name, shape in (factored or {}).items()}
    of_factors = {f"{name}_{factor}" for name in whole for factor in "GH"}
    named = whole | {n: tensor for n, tensor in tensors.items() if n not in of_factors}
    model = nnc_core.nnr_model.NNRModel(named).model_info
    if blocks is not None:
        nnc_core.nnr_model.set_block_id_and_param_type(model, blocks)
    data = nnc_core.approximator.init_approx_data(
        tensors, model, qp_density=qp_density, scan_order=scan_order
    )
    options = {"codebook_mode": 0, "opt_qp": False, "lambda_scale": 0} | approximation
    info = nnc_core.approximator.ApproxInfo(
        data,
        model,
        approx_method="codebook" if options["codebook_mode"] else "uniform",
        qp=qp,
        disable_dq=not use_dq,
        cabac_unary_length_minus1=cabac_unary_length_minus1,
        nonweight_qp=nonweight_qp,
        **options,
    )
    coding = {
        "general_profile_idc": profile,
        "param_opt_flag": param_opt,
        "cabac_unary_length_minus1": cabac_unary_length_minus1,
        "partial_data_counter": 0,
        "mps_parent_signalling_enabled_flag": 0,
        "parent_node_id_present_flag": 0,
        "node_id_present_flag": profile,
    }
    if profile == 1:
        coding |= {"device_id": 0, "temporal_context_modeling_flag": 0, "pre_signalling": 0}
        coding |= {"row_skip_enabled_flag": int(row_skipping)}
    if fold:
        nnc_core.approximator.fold_bn(model, data, info)
    quantized = nnc_core.approximator.approx(info.approx_info, model, data, coding)
    stream, _ = nnc_core.coder.encode(coding, model, quantized)
    return bytearray(stream)
