"""Clause 10: quantization and reconstruction.

Names are imported when first used: importing this package loads neither numba nor a kernel.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnref.codec.quantization.codebook import (
        Codebook,
        CodebookResult,
        cheapest_egk,
        grid_qp,
        quantize_codebook,
    )
    from nnref.codec.quantization.compose import (
        kernel_matrix,
        kernel_weight,
        local_scaling,
        recomposition,
    )
    from nnref.codec.quantization.dependent import quantize_dependent
    from nnref.codec.quantization.metrics import max_abs_error, sqnr_db
    from nnref.codec.quantization.quality import choose_qp
    from nnref.codec.quantization.rate_distortion import (
        quantize_dependent_rd,
        quantize_uniform_rd,
    )
    from nnref.codec.quantization.reconstruct import reconstruct_codebook, reconstruct_uniform
    from nnref.codec.quantization.result import QuantizationResult
    from nnref.codec.quantization.startup import warm_up
    from nnref.codec.quantization.step import (
        check_qp,
        exact_step,
        qp_for_step,
        qp_range,
        quantization_step,
    )
    from nnref.codec.quantization.uniform import quantize_uniform

_WHERE = {
    "Codebook": "codebook",
    "CodebookResult": "codebook",
    "QuantizationResult": "result",
    "cheapest_egk": "codebook",
    "check_qp": "step",
    "choose_qp": "quality",
    "exact_step": "step",
    "grid_qp": "codebook",
    "kernel_matrix": "compose",
    "kernel_weight": "compose",
    "local_scaling": "compose",
    "max_abs_error": "metrics",
    "qp_for_step": "step",
    "qp_range": "step",
    "quantization_step": "step",
    "quantize_codebook": "codebook",
    "quantize_dependent": "dependent",
    "quantize_dependent_rd": "rate_distortion",
    "quantize_uniform": "uniform",
    "quantize_uniform_rd": "rate_distortion",
    "recomposition": "compose",
    "reconstruct_codebook": "reconstruct",
    "reconstruct_uniform": "reconstruct",
    "sqnr_db": "metrics",
    "warm_up": "startup",
}

__all__ = [
    "Codebook",
    "CodebookResult",
    "QuantizationResult",
    "cheapest_egk",
    "check_qp",
    "choose_qp",
    "exact_step",
    "grid_qp",
    "kernel_matrix",
    "kernel_weight",
    "local_scaling",
    "max_abs_error",
    "qp_for_step",
    "qp_range",
    "quantization_step",
    "quantize_codebook",
    "quantize_dependent",
    "quantize_dependent_rd",
    "quantize_uniform",
    "quantize_uniform_rd",
    "recomposition",
    "reconstruct_codebook",
    "reconstruct_uniform",
    "sqnr_db",
    "warm_up",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
