"""nnref's codec: trained networks in, NNR streams out, and back.

    from nnref.codec import decode, encode, open_stream
    stream = encode({"layer.weight": array}, sqnr=35)
    tensors = decode(stream)
    one = open_stream("model.nnr")["layer.weight"]

Names are imported when first used, so that `import nnref.codec` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnref.codec.decoder.chain import Chain, Semantics, decode_chain
    from nnref.codec.decoder.files import DecodeReport, decode, decode_file, open_stream
    from nnref.codec.decoder.headers import StreamTensor
    from nnref.codec.decoder.open_chain import OpenChain, decode_chain_file
    from nnref.codec.decoder.stream import Stream
    from nnref.codec.decoder.updates import UpdateState
    from nnref.codec.encoder.files import (
        EncodeReport,
        encode,
        encode_file,
        encode_out_of_band,
    )
    from nnref.codec.encoder.settings import EncodeSettings, Rule
    from nnref.codec.encoder.tensor import EncodedTensor
    from nnref.codec.model_parameters import ModelParameters
    from nnref.codec.quantization_data import QuantizationData
    from nnref.codec.rate_control.control import (
        TargetReport,
        encode_file_to_target,
        encode_to_target,
    )
    from nnref.codec.rate_control.prediction import Prediction, predict
    from nnref.codec.rate_control.target import Target, Trial
    from nnref.codec.topology import Topology
    from nnref.codec.transform.pairs import Block
    from nnref.spec.errors import NnrError
    from nnref.spec.limits import Limits
    from nnref.spec.syntax import OutOfBand
    from nnref.spec.tables.enums import Dialect

_WHERE = {
    "Block": "nnref.codec.transform.pairs",
    "Chain": "nnref.codec.decoder.chain",
    "DecodeReport": "nnref.codec.decoder.files",
    "Dialect": "nnref.spec.tables.enums",
    "EncodeReport": "nnref.codec.encoder.files",
    "EncodeSettings": "nnref.codec.encoder.settings",
    "EncodedTensor": "nnref.codec.encoder.tensor",
    "Limits": "nnref.spec.limits",
    "ModelParameters": "nnref.codec.model_parameters",
    "NnrError": "nnref.spec.errors",
    "OpenChain": "nnref.codec.decoder.open_chain",
    "OutOfBand": "nnref.spec.syntax",
    "Prediction": "nnref.codec.rate_control.prediction",
    "QuantizationData": "nnref.codec.quantization_data",
    "Rule": "nnref.codec.encoder.settings",
    "Semantics": "nnref.codec.decoder.chain",
    "Stream": "nnref.codec.decoder.stream",
    "StreamTensor": "nnref.codec.decoder.headers",
    "Target": "nnref.codec.rate_control.target",
    "TargetReport": "nnref.codec.rate_control.control",
    "Trial": "nnref.codec.rate_control.target",
    "Topology": "nnref.codec.topology",
    "UpdateState": "nnref.codec.decoder.updates",
    "decode": "nnref.codec.decoder.files",
    "decode_chain": "nnref.codec.decoder.chain",
    "decode_chain_file": "nnref.codec.decoder.open_chain",
    "decode_file": "nnref.codec.decoder.files",
    "encode": "nnref.codec.encoder.files",
    "encode_file": "nnref.codec.encoder.files",
    "encode_file_to_target": "nnref.codec.rate_control.control",
    "encode_out_of_band": "nnref.codec.encoder.files",
    "encode_to_target": "nnref.codec.rate_control.control",
    "open_stream": "nnref.codec.decoder.files",
    "predict": "nnref.codec.rate_control.prediction",
}

__all__ = [
    "Block",
    "Chain",
    "DecodeReport",
    "Dialect",
    "EncodeReport",
    "EncodeSettings",
    "EncodedTensor",
    "Limits",
    "ModelParameters",
    "NnrError",
    "OpenChain",
    "OutOfBand",
    "Prediction",
    "QuantizationData",
    "Rule",
    "Semantics",
    "Stream",
    "StreamTensor",
    "Target",
    "TargetReport",
    "Topology",
    "Trial",
    "UpdateState",
    "decode",
    "decode_chain",
    "decode_chain_file",
    "decode_file",
    "encode",
    "encode_file",
    "encode_file_to_target",
    "encode_out_of_band",
    "encode_to_target",
    "open_stream",
    "predict",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value
