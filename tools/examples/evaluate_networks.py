"""An evaluator for `nnref experiment lnq`: networks that lie beside a program that tests them.

The folder in the environment variable `NNREF_NETWORKS` has `eval_models.py` with
`evaluate(name, tensors)`, which gives the task metric of a network of torch tensors, and calls one
of the architectures of the same file: functions of tensors and inputs whose results are compared,
here, with those of the reference. Needs torch.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model.torch_file import import_torch

Arrays = Mapping[str, NDArray[Any]]

PICTURES: Final = ("plain_residual_cnn",)
"""Architectures that give out pictures; the others give out logits of classes or tokens."""
_ARCHITECTURES: Final = (
    "resnet_cifar",
    "resnet_bottleneck_cifar",
    "vgg_fc",
    "lenet300",
    "audio_cnn",
    "plain_residual_cnn",
    "mobilenet_v1",
    "kws_dnn",
    "kws_dscnn",
    "gpt",
    "llama",
)
_METRICS: Final = ("top1_percent", "top1_agreement_percent", "psnr_db", "nats_per_token")
_references: dict[str, tuple[Arrays, Any]] = {}


def evaluate(network: str, tensors: Arrays, reference: Arrays) -> dict[str, float]:
    """The task metric, and `kl` (mean nats) or `mse` (mean square) to outputs of the reference."""
    if _references.get(network, (None,))[0] is not reference:
        _references[network] = reference, _run(network, reference)[1]
    said, outputs = _run(network, tensors)
    name = next(name for name in _METRICS if name in said)
    return {name: said[name]} | _error(_references[network][1], outputs)


def _run(network: str, tensors: Arrays) -> tuple[dict[str, float], tuple[str, list[Any]]]:
    torch = import_torch("an evaluator")
    program = _program()
    with _recorded(program) as seen:
        said = program.evaluate(network, {k: torch.from_numpy(v) for k, v in tensors.items()})
    return said, next((name, found) for name, found in seen.items() if found)


@cache
def _program() -> Any:
    """The module. Raises KeyError without the variable, FileNotFoundError without the file."""
    loader = SourceFileLoader("eval_models", f"{os.environ['NNREF_NETWORKS']}/eval_models.py")
    module = ModuleType(loader.name)
    module.__file__ = loader.path
    loader.exec_module(module)
    return module


@contextmanager
def _recorded(program: Any) -> Iterator[dict[str, list[Any]]]:
    """What the architectures return while the program runs, by the name of the function.

    Some of its evaluations hold the function itself: those are made anew around the recorder.
    """
    seen: dict[str, list[Any]] = {name: [] for name in _ARCHITECTURES}
    own = {name: getattr(program, name) for name in _ARCHITECTURES}
    models = dict(program.MODELS)
    for name, function in own.items():
        setattr(program, name, _recording(function, seen[name]))
    program.MODELS |= {
        "kws_dnn_l": program.ev_kws(program.kws_dnn),
        "kws_dscnn_l": program.ev_kws(program.kws_dscnn),
        "gpt_shakespeare": program.ev_lm(program.gpt, "shakespeare_val"),
        "stories260k": program.ev_lm(program.llama, "tinystories_tok512"),
    }
    try:
        yield seen
    finally:
        program.MODELS.update(models)
        for name, function in own.items():
            setattr(program, name, function)


def _recording(function: Callable[..., Any], seen: list[Any]) -> Callable[..., Any]:
    def recorder(*given: Any, **named: Any) -> Any:
        seen.append(function(*given, **named))
        return seen[-1]

    return recorder


def _error(before: tuple[str, list[Any]], after: tuple[str, list[Any]]) -> dict[str, float]:
    name, references = before
    pairs = zip(references, after[1], strict=True)
    if name in PICTURES:
        return {"mse": float(np.mean([float((b - a).square().mean()) for b, a in pairs]))}
    total, count = 0.0, 0
    for reference, output in pairs:
        p, q = reference.log_softmax(-1), output.log_softmax(-1)
        total += float((p.exp() * (p - q)).double().sum())
        count += p[..., 0].numel()
    return {"kl": max(0.0, total / count)}
