"""Which module's output goes into which batch norm, and nowhere else.

Two ways to know it. The graph that torch.fx traces symbolically shows every use of every value. A
module that cannot be traced (its forward branches on data) is run on an example input instead, and
the neighbours in every `nn.Sequential` are watched: the batch norm has to get the very tensor that
the layer gave out, and no other module may get it. What functions do with that tensor stays
unseen, so `fold_module` compares outputs in the end.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple


class Edge(NamedTuple):
    """A batch norm, and the module whose output it alone takes; by their names."""

    batch_norm: str
    source: str | None
    """None where `reason` says why there is no such module."""
    reason: str = ""


def traced_edges(torch: Any, module: Any) -> list[Edge]:
    """One edge for every batch norm of a symbolically traced module.

    Raises whatever torch.fx and the module's forward raise when they cannot be traced.
    """
    graph = torch.fx.Tracer().trace(module)
    calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
    touched = {node.target.rpartition(".")[0] for node in graph.nodes if node.op == "get_attr"}
    names = batch_norm_names(torch, module)
    nodes = {node.target: node for node in graph.nodes if node.op == "call_module"}
    return [_traced(name, nodes.get(name), calls, touched) for name in names]


def _traced(name: str, node: Any, calls: Counter[str], touched: set[str]) -> Edge:
    if node is None:
        return Edge(name, None, "the graph does not call it as a module")
    values = node.all_input_nodes
    if calls[name] > 1 or len(values) != 1:
        return Edge(name, None, "it is called more than once")
    (before,) = values
    if before.op != "call_module":
        return Edge(name, None, "its input is no module's output")
    if len(before.users) > 1:
        return Edge(name, None, f"the output of {before.target!r} is used elsewhere, too")
    if calls[before.target] > 1:
        return Edge(name, None, f"{before.target!r} is called more than once")
    if {name, before.target} & touched:
        return Edge(name, None, f"the graph reads parameters of {before.target!r} or of its own")
    return Edge(name, before.target)


def watched_edges(torch: Any, module: Any, example_input: Any) -> list[Edge]:
    """One edge for every batch norm of a module that is run on an example.

    Raises whatever the module raises.
    """
    outputs: dict[str, list[Any]] = {}
    inputs: dict[str, list[Any]] = {}

    def record(name: str) -> Any:
        def hook(_module: Any, given: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
            inputs.setdefault(name, []).append((*given, *named.values()))
            outputs.setdefault(name, []).append(output)

        return hook

    leaves = [(name, child) for name, child in module.named_modules() if not list(child.children())]
    handles = [
        child.register_forward_hook(record(name), with_kwargs=True) for name, child in leaves
    ]
    try:
        run(torch, module, example_input)
    finally:
        for handle in handles:
            handle.remove()
    before = dict(_neighbours(torch, module))
    names = batch_norm_names(torch, module)
    return [_watched(name, before.get(name), inputs, outputs) for name in names]


def _watched(
    name: str, source: str | None, inputs: dict[str, list[Any]], outputs: dict[str, list[Any]]
) -> Edge:
    if source is None:
        return Edge(name, None, "it follows no module in an nn.Sequential; torch.fx sees no graph")
    if len(inputs.get(name, [])) != 1 or len(outputs.get(source, [])) != 1:
        return Edge(name, None, f"it and {source!r} are not called exactly once")
    (value,) = outputs[source]
    takers = [
        taker
        for taker, calls in inputs.items()
        for given in calls
        if any(one is value for one in given)
    ]
    if takers != [name]:
        return Edge(name, None, f"it is not the only one that takes the output of {source!r}")
    return Edge(name, source)


def _neighbours(torch: Any, module: Any) -> Iterator[tuple[str, str]]:
    """(module, the one before it) inside every nn.Sequential."""
    for name, child in module.named_modules():
        if type(child) is torch.nn.Sequential:
            names = [f"{name}.{key}" if name else key for key, _ in child.named_children()]
            yield from zip(names[1:], names, strict=False)


def batch_norm_names(torch: Any, module: Any) -> list[str]:
    """The names of all batch norms, in the order of the module."""
    nn = torch.nn
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
    return [name for name, child in module.named_modules() if type(child) in kinds]


def run(torch: Any, module: Any, example_input: Any) -> Any:
    """The output of a module for one input, or for a tuple of inputs, without gradients."""
    given = example_input if isinstance(example_input, tuple) else (example_input,)
    with torch.no_grad():
        return module(*given)
