"""The pairs of a torch module: layers whose batch norm can be folded into them."""

from collections import Counter
from typing import Any

from nnref.codec.transform import BatchNormPair, FoldReport, Left
from nnref.tools.torch_models.graph import (
    Edge,
    batch_norm_names,
    run,
    traced_edges,
    watched_edges,
)


def module_pairs(torch: Any, module: Any, example_input: Any = None) -> FoldReport:
    """The layers of a module in eval mode that can do their batch norm themselves.

    `torch` is the imported module. A batch norm is left alone, with a reason, unless all this
    holds: its input is the output of a convolution or linear layer of torch.nn itself (a subclass
    may use its weight differently) that is used nowhere else; both are called once, have no hooks
    and share no parameters; it has running statistics, as many as the layer has outputs. A linear
    layer also needs an example input which shows that its output has two dimensions: of three, a
    batch norm takes the second as channels.
    """
    modules = dict(module.named_modules())
    shared = _shared_parameters(modules)
    pairs, left = [], []
    for edge in _edges(torch, module, example_input):
        reason = edge.reason or _objection(torch, edge, modules, shared)
        if not reason and _is_linear(torch, modules[str(edge.source)]):
            reason = _rank_objection(torch, module, modules[str(edge.source)], example_input)
        if reason:
            left.append(Left(edge.batch_norm, reason))
        else:
            pairs.append(_pair(str(edge.source), edge.batch_norm, modules))
    return FoldReport(tuple(pairs), tuple(left))


def _edges(torch: Any, module: Any, example_input: Any) -> list[Edge]:
    try:
        return traced_edges(torch, module)
    except Exception as error:  # a forward that gets proxies may raise anything
        if example_input is not None:
            return watched_edges(torch, module, example_input)
        reason = f"torch.fx cannot trace the module ({type(error).__name__}); give an example input"
        return [Edge(name, None, reason) for name in batch_norm_names(torch, module)]


def _objection(torch: Any, edge: Edge, modules: dict[str, Any], shared: set[str]) -> str:
    """Why these two modules cannot become one; empty when they can."""
    name = str(edge.source)
    layer, norm = modules[name], modules[edge.batch_norm]
    if type(layer) not in _layer_types(torch):
        return f"{name!r} before it is a {type(layer).__name__}"
    if norm.running_mean is None or norm.running_var is None:
        return "it has no running statistics"
    outputs = layer.weight.shape[0]
    if _is_transposed(layer):
        outputs = layer.out_channels
    if norm.num_features != outputs:
        return f"it has {norm.num_features} features for {outputs} outputs of {name!r}"
    if any(_has_hooks(one) for one in (layer, norm)):
        return f"it or {name!r} has hooks"
    if {name, edge.batch_norm} & shared:
        return f"it or {name!r} shares parameters with another module"
    return ""


def _layer_types(torch: Any) -> tuple[Any, ...]:
    nn = torch.nn
    transposed = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
    return (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *transposed)


def _is_linear(torch: Any, layer: Any) -> bool:
    return isinstance(layer, torch.nn.Linear)


def _is_transposed(layer: Any) -> bool:
    return bool(getattr(layer, "transposed", False))


def _has_hooks(module: Any) -> bool:
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, kind) for kind in kinds)


def _shared_parameters(modules: dict[str, Any]) -> set[str]:
    """Names of modules one of whose parameters or buffers belongs to another module, too."""
    owned = {
        name: [
            id(x) for x in (*child._parameters.values(), *child._buffers.values()) if x is not None
        ]
        for name, child in modules.items()
    }
    count = Counter(one for tensors in owned.values() for one in tensors)
    return {name for name, tensors in owned.items() if any(count[one] > 1 for one in tensors)}


def _rank_objection(torch: Any, module: Any, layer: Any, example_input: Any) -> str:
    """Why a batch norm may not normalize the features of a linear layer."""
    if example_input is None:
        return "it follows a linear layer: give an example input that shows the rank of its output"
    ranks: list[int] = []
    handle = layer.register_forward_hook(lambda _m, _given, output: ranks.append(output.ndim))
    try:
        run(torch, module, example_input)
    finally:
        handle.remove()
    return "" if ranks == [2] else f"the linear layer's output has {ranks} dimensions, not 2"


def _pair(layer: str, norm: str, modules: dict[str, Any]) -> BatchNormPair:
    module = modules[layer]
    transposed = _is_transposed(module)
    groups = module.groups if transposed else 1
    return BatchNormPair(layer, norm, float(modules[norm].eps), transposed, groups)
