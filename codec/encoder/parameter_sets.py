"""The units before the tensors: start unit, model parameter set, topology (clauses 6.3 to 6.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import floor
from typing import Any, Final

import numpy as np

from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.formats import is_quantized
from nnref.codec.model import TensorSource
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import QuantizationMethodFlags, TopologyStorageFormat, UnitType

_SAMPLES = 1 << 14
BASE_QPS: Final = range(-4096, 4096)
"""Clause 7.3.2: what a parameter set can say."""
_STEP_BELOW: Final = 8
"""Octaves from the values to a step in the middle of those that are wanted."""
_REACH_BELOW, _REACH_ABOVE = -16.0, 30.0
"""Octaves of a tensor's root mean square, counted from the base, whose steps qp reaches: it spans
32 octaves to each side, a step lies 1 to 16 octaves below the values."""


def model_units(
    settings: EncodeSettings,
    base_qp: int,
    names: Sequence[str] = (),
    *,
    is_update: bool = False,
) -> tuple[list[bytes], StreamState]:
    """The units that open a stream, and the state they leave for the tensors' units.

    `names` are those the units may refer to.
    """
    state = StreamState()
    units = []
    for unit_type, fields, payload in _opening(settings, base_qp, names, is_update):
        units.append(write_unit(unit_type, fields, payload, state))
        state = state.after(unit_type, fields)
    return units, state


def _opening(
    settings: EncodeSettings, base_qp: int, names: Sequence[str], is_update: bool
) -> list[tuple[UnitType, dict[str, Any], bytes]]:
    # A reference list holds two names or more (clause 6.9.1).
    indexed = settings.indexed_names and len(names) > 1
    said = {} if settings.parameters is None else settings.parameters.elements(settings.profile)
    mps = said | {
        "topology_carriage_flag": int(settings.compatible or bool(settings.topologies)),
        "mps_quantization_method_flags": _method_flags(settings),
        "mps_topology_indexed_reference_flag": int(indexed),
        "mps_qp_density": settings.density,
        "mps_quantization_parameter": base_qp,
    }
    if is_update:
        mps |= {
            "mps_parent_signalling_enabled_flag": 1,
            "nnr_pre_flag": int(settings.predictive),
        }
    units: list[tuple[UnitType, dict[str, Any], bytes]] = [
        (UnitType.NNR_STR, {"general_profile_idc": settings.profile}, b""),
        (UnitType.NNR_MPS, mps, b""),
        *((UnitType.NNR_TPL, *topology.unit()) for topology in settings.topologies),
        *((UnitType.NNR_QNT, one.elements(), b"") for one in settings.quantization_data),
        *((UnitType.NNR_AGG, {}, content) for content in settings.aggregates),
    ]
    if settings.compatible:
        topology = {
            "topology_storage_format": int(TopologyStorageFormat.NNR_TPL_UNREC),
            "topology_compression_format": 0,
            "topology_data": b"",
        }
        units.append((UnitType.NNR_TPL, topology, b""))
    if indexed:
        references = {
            "topology_storage_format": int(TopologyStorageFormat.NNR_TPL_REFLIST),
            "topology_compression_format": 0,
            "count_topology_elements_minus2": len(names) - 2,
            "topology_elem_id_list": list(names),
        }
        units.append((UnitType.NNR_TPL, references, b""))
    return units


def _method_flags(settings: EncodeSettings) -> int:
    """Clause 7.3.2: what the data units may use."""
    flags = QuantizationMethodFlags.NNR_QSU
    options = [{n: getattr(settings, n) for n in ("codebook", "lnq", "tools")}]
    options += [dict(rule.options) for rule in settings.rules]
    if any(_may_have_codebooks(each) for each in options):
        flags |= QuantizationMethodFlags.NNR_QCB
    return int(flags)


def _may_have_codebooks(options: Mapping[str, Any]) -> bool:
    every = options.get("tools") == "auto"
    return every or bool(options.get("codebook")) or options.get("lnq", "off") != "off"


def stream_settings(source: TensorSource, settings: EncodeSettings) -> tuple[EncodeSettings, int]:
    """Settings with mps_qp_density decided, and mps_quantization_parameter (clause 7.3.2).

    The latter is as asked, else 0, else what brings the steps of very small or very large weights
    into reach; when the field is too short for that, so is a fine density. Looks at a sample of
    every float tensor.
    """
    resolved = settings.resolved()
    if settings.base_qp is not None:
        return resolved, settings.base_qp
    if settings.compatible or settings.qp is not None or settings.step is not None:
        return resolved, 0
    centre = _centre(source)
    if settings.qp_density is None and (centre << resolved.density) not in BASE_QPS:
        resolved = replace(settings, qp_density=settings.density)
    base_qp = int(np.clip(centre << resolved.density, BASE_QPS[0], BASE_QPS[-1]))
    return resolved, base_qp


def _centre(source: TensorSource) -> int:
    """The octave in the middle of the steps that are wanted; 0 when base 0 reaches all.

    Where no base reaches all tensors, it is one that reaches the most weights.
    """
    wanted = [
        (octave, source.info(name).size)
        for name in source.names()
        if is_quantized(source.info(name).dtype)
        and (octave := octave_of(source.read(name))) is not None
    ]

    def reached(base: int) -> list[tuple[float, int]]:
        return [one for one in wanted if is_reached(one[0], base)]

    lowest = (floor(octave - _REACH_BELOW) - 1 for octave, _ in wanted)
    best = max((0, *lowest), key=lambda base: sum(size for _, size in reached(base)))
    if best == 0:
        return 0
    octaves = [octave for octave, _ in reached(best)]
    return round((min(octaves) + max(octaves)) / 2) - _STEP_BELOW


def is_reached(octave: float, base: float) -> bool:
    """Whether the steps for values of this octave are within reach of a base, also in octaves."""
    return _REACH_BELOW < octave - base < _REACH_ABOVE


def suited_base(octave: float, density: int) -> tuple[int, int]:
    """Density, the one given or as fine as there is room for, and a base for one octave."""
    base = round(octave) - _STEP_BELOW
    finest = next(d for d in range(density, -1, -1) if base << d in BASE_QPS)
    return finest, base << finest


def octave_of(array: Any) -> float | None:
    """log2 of the root mean square of evenly spaced finite nonzero samples, None without any."""
    flat = array.reshape(-1)
    sample = flat[:: max(1, flat.size // _SAMPLES)].astype(np.float64)
    sample = sample[np.isfinite(sample) & (sample != 0)]
    if sample.size == 0:
        return None
    largest = float(np.abs(sample).max())
    return float(np.log2(largest) + 0.5 * np.log2(np.mean((sample / largest) ** 2)))
