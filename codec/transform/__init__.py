"""What is done to a model's tensors before they are coded: batch norms folded, filters scaled.

Names are imported when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnref.codec.quantization.compose import local_scaling as apply_local_scaling
    from nnref.codec.transform.batch_norm import batch_norm_scaling, fold_batch_norm
    from nnref.codec.transform.conventions import infer_pairs
    from nnref.codec.transform.folded import FoldedModel, FoldedSource, fold_source, fold_state_dict
    from nnref.codec.transform.local_scaling import split_local_scaling
    from nnref.codec.transform.pairs import BatchNormPair, Block, FoldReport, Form, Left

_WHERE = {
    "BatchNormPair": "pairs",
    "Block": "pairs",
    "FoldReport": "pairs",
    "FoldedModel": "folded",
    "FoldedSource": "folded",
    "Form": "pairs",
    "Left": "pairs",
    "batch_norm_scaling": "batch_norm",
    "fold_batch_norm": "batch_norm",
    "fold_source": "folded",
    "fold_state_dict": "folded",
    "infer_pairs": "conventions",
    "split_local_scaling": "local_scaling",
}

__all__ = [
    "BatchNormPair",
    "Block",
    "FoldReport",
    "FoldedModel",
    "FoldedSource",
    "Form",
    "Left",
    "apply_local_scaling",
    "batch_norm_scaling",
    "fold_batch_norm",
    "fold_source",
    "fold_state_dict",
    "infer_pairs",
    "split_local_scaling",
]


def __getattr__(name: str) -> Any:
    if name == "apply_local_scaling":
        return import_module("nnref.codec.quantization.compose").local_scaling
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
