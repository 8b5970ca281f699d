"""Clause 9: the arithmetic coder. It knows tensors and payloads, and nothing of units.

Names are imported on first use, because the compiled kernels take a moment to load.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnref.codec.entropy.bounds import weights_bound
    from nnref.codec.entropy.compilation import warm_up
    from nnref.codec.entropy.cost import cost_table
    from nnref.codec.entropy.decoder import CoderState, PayloadDecoder
    from nnref.codec.entropy.encoder import PayloadEncoder
    from nnref.codec.entropy.lnq_decoder import DecodedClasses, DecodedUnits, LnqPayloadDecoder
    from nnref.codec.entropy.lnq_encoder import LnqPayloadEncoder
    from nnref.codec.entropy.lnq_syntax import ClassSyntax, LnqShape, PublishedSyntax
    from nnref.codec.entropy.lnq_work import UnitData
    from nnref.codec.entropy.pairs import Decoding, TensorRequest, decode_alone, decode_together
    from nnref.codec.entropy.portions import decode_in_portions
    from nnref.codec.entropy.search import ShiftSearch
    from nnref.codec.entropy.syntax import EntryPoint, TensorSyntax

__all__ = [
    "ClassSyntax",
    "CoderState",
    "DecodedClasses",
    "DecodedUnits",
    "Decoding",
    "EntryPoint",
    "LnqPayloadDecoder",
    "LnqPayloadEncoder",
    "LnqShape",
    "PayloadDecoder",
    "PayloadEncoder",
    "PublishedSyntax",
    "ShiftSearch",
    "TensorRequest",
    "TensorSyntax",
    "UnitData",
    "cost_table",
    "decode_alone",
    "decode_in_portions",
    "decode_together",
    "warm_up",
    "weights_bound",
]

_MODULES = {
    "ClassSyntax": "lnq_syntax",
    "CoderState": "decoder",
    "DecodedClasses": "lnq_decoder",
    "DecodedUnits": "lnq_decoder",
    "Decoding": "pairs",
    "EntryPoint": "syntax",
    "LnqPayloadDecoder": "lnq_decoder",
    "LnqPayloadEncoder": "lnq_encoder",
    "LnqShape": "lnq_syntax",
    "PayloadDecoder": "decoder",
    "PayloadEncoder": "encoder",
    "PublishedSyntax": "lnq_syntax",
    "ShiftSearch": "search",
    "TensorRequest": "pairs",
    "TensorSyntax": "syntax",
    "UnitData": "lnq_work",
    "cost_table": "cost",
    "decode_alone": "pairs",
    "decode_in_portions": "portions",
    "decode_together": "pairs",
    "warm_up": "compilation",
    "weights_bound": "bounds",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
