"""Random models for every coding tool that NNCodec has, or is known not to read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from nnref.codec import Block, Rule
from nnref.conformance.interop.client import Tensors
from nnref.conformance.interop.models import Random, Settings, random_settings, typical_step
from nnref.conformance.interop.peer.frames import Array
from nnref.conformance.interop.tools import Deviation, Options, ToolCase

BINARY64: Final = Deviation("P-05", "float32.* and float64")


def random_tool_case(seed: int, index: int) -> ToolCase:
    """The case number `index` of a run: the tools take turns."""
    random = np.random.default_rng([seed, index, 4])
    settings = random_settings(random)
    return TOOLS[index % len(TOOLS)](random, settings)


def _weights(random: Random, settings: Settings, *shape: int) -> Array:
    spread = typical_step(settings) * 2.0 ** random.uniform(0, 6)
    return np.asarray(random.laplace(size=shape) * spread, np.float32)


def _matrix(random: Random, settings: Settings) -> Array:
    return _weights(random, settings, *(int(n) for n in random.integers(2, 50, 2)))


def _codebook(random: Random, settings: Settings) -> ToolCase:
    settings = replace(settings, dq=False)
    tensors = {"weight": _matrix(random, settings), "other": _matrix(random, settings)}
    entries = int(random.choice([1, 2, 5, 16, 64]))
    ours = settings.for_nnref() | {"codebook": entries}
    theirs = settings.for_peer() | {"codebook_mode": 1}
    return ToolCase("codebook", tensors, ours, theirs, reading=BINARY64, writing=BINARY64)


def _codebook_where_it_pays(random: Random, settings: Settings) -> ToolCase:
    settings = replace(settings, row_skip=False)
    few = _weights(random, settings, 4)
    picked = few[random.integers(4, size=(30, 40))]
    tensors = {"few values": picked, "many": _matrix(random, settings)}
    ours = settings.for_nnref() | {"codebook": "auto"}
    theirs = settings.for_peer() | {"codebook_mode": 2}
    known = replace(BINARY64, always=False)
    return ToolCase("codebook or steps", tensors, ours, theirs, reading=known, writing=known)


def _layer(random: Random, settings: Settings, roles: tuple[str, ...]) -> Tensors:
    rows, *others = (int(n) for n in random.integers(2, 14, int(random.integers(2, 5))))
    tensors = {"conv.weight": _weights(random, settings, rows, *others)}
    return tensors | {
        _NAMES[role]: np.abs(_weights(random, settings, rows)) + np.float32(0.1) for role in roles
    }


_NAMES: Final = {
    "weight": "conv.weight",
    "weight.ls": "conv.weight_scaling",
    "bias": "conv.bias",
    "bn.beta": "bn.bias",
    "bn.gamma": "bn.weight",
    "bn.mean": "bn.running_mean",
    "bn.var": "bn.running_var",
}
_BATCH_NORM: Final = ("bn.beta", "bn.gamma", "bn.mean", "bn.var")
_BESIDE: Final = (
    ("bias",),
    ("weight.ls",),
    _BATCH_NORM,
    ("bias", *_BATCH_NORM),
    ("weight.ls", "bias", *_BATCH_NORM),
)


def _block_map(roles: tuple[str, ...]) -> dict[str, Any]:
    names = {_NAMES[role]: role for role in ("weight", *roles)}
    return {"block_identifier": dict.fromkeys(names, "block"), "parameter_type": names}


def _block(random: Random, settings: Settings) -> ToolCase:
    roles = _BESIDE[int(random.integers(len(_BESIDE)))]
    tensors = {"first": _matrix(random, settings)} | _layer(random, settings, roles)
    block = Block(
        _NAMES["weight"],
        **{_OPTIONS.get(role, role.replace(".", "_")): _NAMES[role] for role in roles},
    )
    return ToolCase(
        "block",
        tensors,
        settings.for_nnref() | {"blocks": (block,)},
        settings.for_peer() | {"blocks": _block_map(roles)},
    )


_OPTIONS: Final = {"weight.ls": "ls"}
"""Where the option of `Block` is not named as the parameter type."""


def _folded(random: Random, settings: Settings) -> ToolCase:
    roles = _BATCH_NORM if random.random() < 0.5 else ("bias", *_BATCH_NORM)
    theirs = settings.for_peer() | {"blocks": _block_map(roles), "fold": True}
    return ToolCase("batch norm, folded", _layer(random, settings, roles), None, theirs)


def _low_rank(random: Random, settings: Settings) -> ToolCase:
    rows, columns = (int(n) for n in random.integers(20, 60, 2))
    rank = int(random.integers(2, 9))
    g, h = _weights(random, settings, rows, rank), _weights(random, settings, rank, columns)
    bias = _weights(random, settings, rows)
    theirs = settings.for_peer() | {
        "blocks": {
            "block_identifier": {"fc.weight": "b", "fc.bias": "b"},
            "parameter_type": {"fc.weight": "weight", "fc.bias": "bias"},
        },
        "factored": {"fc.weight": [rows, columns]},
    }
    return ToolCase(
        "low rank",
        {"fc.weight": g @ h, "fc.bias": bias},
        settings.for_nnref() | {"low_rank": 0.5, "blocks": (Block("fc.weight", bias="fc.bias"),)},
        theirs,
        their_tensors={"fc.weight_G": g, "fc.weight_H": h, "fc.bias": bias},
    )


def _recomposed(random: Random, settings: Settings) -> ToolCase:
    case = _low_rank(random, settings)
    known = Deviation("P-10", "KeyError: '.*_G'")
    return replace(case, tool="low rank, composed", theirs=None, reading=known, composed=True)


def _scaled(random: Random, settings: Settings) -> ToolCase:
    tensors = _layer(random, settings, ("weight.ls",))
    block = Block(_NAMES["weight"], ls=_NAMES["weight.ls"])
    return ToolCase(
        "local scaling, composed",
        tensors,
        settings.for_nnref() | {"blocks": (block,)},
        settings.for_peer() | {"blocks": _block_map(("weight.ls",))},
        composed=True,
    )


def _economical(random: Random, settings: Settings) -> ToolCase:
    """Our default: values chosen with their rates, fine steps, the best unary length."""
    tensors = {"weight": _matrix(random, settings), "bias": _weights(random, settings, 30)}
    ours: dict[str, Any] = {"sqnr": float(random.uniform(5, 60)), "scan_order": settings.scan_order}
    ours |= {"effort": "best" if random.random() < 0.3 else "default", "dq": settings.dq}
    return ToolCase("values by their rates", tensors, ours | {"profile": settings.profile})


def _peers_values(random: Random, settings: Settings) -> ToolCase:
    """NNCodec's ways to choose steps and values."""
    tensors = {"weight": _matrix(random, settings), "other": _matrix(random, settings)}
    ways: tuple[Options, ...] = (
        {"lambda_scale": float(random.uniform(0.1, 3))},
        {"opt_qp": True},
        {"int_quant_bw": int(random.integers(2, 9))},
        {"qp_per_tensor": {name: settings.qp + i for i, name in enumerate(tensors)}},
    )
    way = ways[int(random.integers(len(ways)))]
    return ToolCase("values by NNCodec", tensors, None, settings.for_peer() | dict(way))


def _extremes(random: Random, settings: Settings) -> ToolCase:
    """Unary lengths and densities that the random models leave out."""
    octaves = settings.qp / 2**settings.qp_density
    density = int(random.integers(8))
    qp = max(-(1 << 5 + density), round(octaves * 2**density)) or -1
    settings = replace(
        settings,
        qp=qp,
        nonweight_qp=qp,
        qp_density=density,
        cabac_unary_length_minus1=int(random.choice([2, 15, 63, 128, 254, 255])),
    )
    tensors = {"weight": _matrix(random, settings), "bias": _weights(random, settings, 25)}
    return ToolCase("unary length, density", tensors, settings.for_nnref(), settings.for_peer())


def _integers(random: Random, settings: Settings) -> ToolCase:
    shape = tuple(int(n) for n in random.integers(2, 40, 2))
    bits = int(random.integers(1, 32))
    tensors = {
        "wide": random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), shape).astype(np.int32),
        "extreme": np.array([-(2**31), 2**31 - 1, 0, 1, -1], np.int32),
    }
    return ToolCase("integers", tensors, settings.for_nnref(), settings.for_peer())


def _raw(random: Random, settings: Settings) -> ToolCase:
    last = random.random() < 0.5
    tensors = {"first": _matrix(random, settings), "second": _matrix(random, settings)}
    rules = (Rule("second" if last else "first", {"lossless": True}),)
    known = None if last else Deviation("P-04", "TypeError: slice indices must be integers")
    ours = settings.for_nnref() | {"rules": rules}
    return ToolCase("raw tensor", tensors, ours, reading=known)


def _containers(random: Random, settings: Settings) -> ToolCase:
    """What NNCodec is known not to read."""
    tensors = {"first": _matrix(random, settings), "second": _matrix(random, settings)}
    kinds: tuple[tuple[str, Options, Deviation], ...] = (
        ("names by index", {"indexed_names": True}, Deviation("P-11", "NotImplementedError")),
        ("private unit", {"index": True}, Deviation("P-03", "is not specified")),
        ("out of band", {"out_of_band": True}, Deviation("P-18", "count_tensor_dimensions")),
        ("split data", {"max_unit_bytes": 120}, Deviation("P-12", "partial_data_counter")),
    )
    tool, options, known = kinds[int(random.integers(len(kinds)))]
    return ToolCase(tool, tensors, settings.for_nnref() | dict(options), reading=known)


TOOLS: Final[tuple[Callable[[Random, Settings], ToolCase], ...]] = (
    _codebook,
    _codebook_where_it_pays,
    _block,
    _folded,
    _scaled,
    _low_rank,
    _recomposed,
    _economical,
    _peers_values,
    _extremes,
    _integers,
    _raw,
    _containers,
)
"""Makers of random cases."""
