"""Published mode (clause 15.1.4) switch by switch, layer by layer at equal error."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.lnq_point import Operation
from nnref.codec.encoder.lnq_published import PublishedEncoder, PublishedOptions
from nnref.codec.encoder.lnq_shape import UnitShape
from nnref.codec.quantization import choose_qp
from nnref.spec.tables.enums import LnqCentroidMode, LnqContextMode, LnqGroupOrder
from nnref.tools.bench.workload import Tensors

_DENSITY: Final = 6
_UNARY_LENGTH: Final = 11


@dataclass(frozen=True, slots=True)
class Variant:
    """Published mode with one switch turned."""

    units: str = "layer"
    options: PublishedOptions = field(default_factory=lambda: PublishedOptions(economical=False))


_PLAIN: Final = PublishedOptions(economical=False)

VARIANTS: Final[Mapping[str, Variant]] = {
    "default (nearest levels)": Variant(),
    "order: groups, unit by unit (paper)": Variant(
        options=replace(_PLAIN, group_order=LnqGroupOrder.GROUPS)
    ),
    "order: no groups": Variant(options=replace(_PLAIN, group_order=LnqGroupOrder.RASTER)),
    "contexts shared with the levels": Variant(
        options=replace(_PLAIN, context_mode=LnqContextMode.SHARED)
    ),
    "no decision: codebooks wherever they fit": Variant(options=replace(_PLAIN, decide=False)),
    "levels: 2 at most": Variant(options=replace(_PLAIN, levels=2)),
    "levels: 5 at most": Variant(options=replace(_PLAIN, levels=5)),
    "levels: 3 always": Variant(options=replace(_PLAIN, variable_levels=False)),
    "units: output filters": Variant("filter"),
    "units: 16x16": Variant("16x16"),
    "centroids coded directly": Variant(
        options=replace(_PLAIN, centroid_mode=LnqCentroidMode.DIRECT)
    ),
    "no merging with the codebook before": Variant(options=replace(_PLAIN, merge=False)),
    "levels weigh errors against bits": Variant(options=PublishedOptions()),
}
"""The first one is what the others are compared with."""


def measure_variant(model: Tensors, variant: Variant, sqnr: float) -> dict[str, Any]:
    """Bytes of the codewords of all layers that can have such units, at an SQNR in dB.

    Layers that do not reach it with any step are counted in `missed` and left out.
    """
    shape = UnitShape.of(variant.units)
    found = {"bytes": 0, "weights": 0, "lnq_weights": 0, "missed": 0}
    for tensor in model.values():
        if tensor.ndim < 2 or not UnitShape.of("layer").fits(tensor.shape) or not np.any(tensor):
            continue
        size = _layer(tensor, shape, variant.options, sqnr)
        found["missed"] += size is None
        if size is not None:
            found["bytes"] += size[0]
            found["lnq_weights"] += size[1]
            found["weights"] += tensor.size
    return found


def _layer(
    tensor: NDArray[np.float32], shape: UnitShape, options: PublishedOptions, sqnr: float
) -> tuple[int, int] | None:
    """Bytes of the codeword and weights in LNQ units."""
    energy = float(np.vdot(tensor, tensor))
    qp = choose_qp(tensor, sqnr_db=sqnr, qp_density=_DENSITY, dq_flag=False)
    operation = Operation(qp, 0, energy * 10 ** (-sqnr / 10), _UNARY_LENGTH)
    flat = np.ascontiguousarray(tensor, np.float32).reshape(-1)
    encoder = PublishedEncoder(flat, shape.over(tensor.shape), _DENSITY, 0, options)
    point = encoder.best(operation)
    if point is None:
        return None
    coded = point.coded(6 + _DENSITY, point.qp, "exact")
    return len(coded.finish()), point.lnq_weights
