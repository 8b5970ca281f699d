"""The report of `nnref experiment hierarchical`, and text 003's figures beside ours."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from nnref.spec.tables.enums import LayerType
from nnref.tools.experiments.census import Kind
from nnref.tools.experiments.document import Block, Heading, Items, Picture, Table, Text
from nnref.tools.experiments.hierarchical import COMPOSED, NetworkResult, Row
from nnref.tools.experiments.journal import Values
from nnref.tools.experiments.pictures import save, subplots

NOTHING: Final = "–"

_NO_METRICS: Final = ("n", "seconds")
"""What an evaluation may tell of itself."""
_CENSUS: Final = (
    ["AlexNet", "61M", "837M", "5", "–", "3", "0"],
    ["VGG-16", "138M", "15.4G", "13", "–", "3", "0"],
    ["VGG-19", "144M", "19.6G", "16", "–", "3", "0"],
    ["GoogLeNet", "6.8M", "1.5G", "2", "–", "1", "9"],
)
"""Table 1 of the text."""
_VGG: Final = (
    ["VGG-16, original", "", "", "", "68.34", "88.45"],
    ["VGG-16, SP", "75.40", "", "", "67.71", "88.35"],
    ["VGG-16, SP + SG", "75.40", "7.125", "", "67.104", "88.062"],
    ["VGG-16, SP + SG + SQ", "75.40", "7.125", "10/6/8", "66.272", "87.636"],
    ["VGG-16, SP", "91.61", "", "", "65.69", "87.13"],
    ["VGG-16, SP + SG", "91.61", "7.125", "", "65.056", "86.814"],
    ["VGG-16, SP + SG + SQ", "91.61", "7.125", "10/6/8", "63.014", "85.796"],
    ["GoogLeNet, original", "", "", "", "68.93", "89.14"],
    ["GoogLeNet, SP", "67.13", "", "", "66.53", "87.75"],
    ["GoogLeNet, SP + SG", "67.13", "7.28125", "", "65.14", "86.89"],
    ["GoogLeNet, SP + SQ", "67.13", "", "16/4/16", "62.49", "84.95"],
)
"""Tables 2 to 5 of the text."""
_GAPS: Final = (
    "ImageNet, the weights of the text and its retraining are not to be had: other networks, and "
    "retraining for the demo's alone. The others are not retrained, so they are pruned less.",
    "The text prints one mean of index bits for both sparsities; 7.125 is 114/16 layers, 7.28125 "
    "is 466/64, GoogLeNet with its auxiliary heads. Ours are the bits that an index of a layer's "
    "values would need, averaged over layers in the same way; what they cost is in the bytes.",
    "It claims 91.6 % pruned at a loss of about 0.6; its table has 0.63 at 75.4 %, and 2.65 at "
    "91.61 %.",
    "Compression rates of 12 to 20 are not derived in the text. Ours are bytes of whole streams, "
    "biases and norms included.",
)


def report(
    results: Mapping[str, NetworkResult],
    retrained: Sequence[Values],
    connections: int | None,
    command: str,
    pictures: Sequence[Picture] = (),
) -> Iterator[Block]:
    """All tables. `connections` are those of the demo's network, known with retraining."""
    yield Heading("Hierarchical compression (text 003)", 1)
    yield Text(
        f"Printed by `{command}`. SP: pruning at a ratio of each layer's standard deviation. SG: "
        "grouping to 2^bits values of a layer. SQ: dynamic fixed point, bits of convolutions, of "
        "fully connected layers and of layer outputs."
    )
    yield from _censuses(results, connections)
    yield Heading("As published")
    yield Table(["network, stages", "SP %", "SG bits", "SQ bits", "top-1", "top-5"], _VGG)
    yield Items(_GAPS)
    for name, result in results.items():
        yield from _network(name, result)
    if retrained:
        yield from _retrained(retrained)
    yield from pictures


def _censuses(results: Mapping[str, NetworkResult], connections: int | None) -> Iterator[Block]:
    yield Heading("Layers and parameters (Table 1)")
    columns = [
        "network",
        "parameters",
        "connections",
        "conv",
        "point/depth-wise",
        "FC",
        "inception",
    ]
    yield Table(columns, [*_CENSUS, *(_census(name, each.kinds) for name, each in results.items())])
    if connections is not None:
        yield Text(f"The demo's network has {connections:,} connections for a picture of 8 x 8.")
    kinds = ["CONVOLUTION", "POINT_OR_DEPTH_WISE", "FULLY_CONNECTED", "OTHER"]
    yield Text("Shares of the parameters, %; biases, norms and one-dimensional layers are other.")
    yield Table(
        ["network", "conv", "point/depth-wise", "FC", "other"],
        [
            [name, *(f"{100 * each.kinds[LayerType[kind]].share:.1f}" for kind in kinds)]
            for name, each in results.items()
        ],
    )


def _census(name: str, kinds: Mapping[LayerType, Kind]) -> list[str]:
    total = sum(kind.parameters for kind in kinds.values())
    layers = [kinds[kind].layers for kind in (LayerType.CONVOLUTION, LayerType.POINT_OR_DEPTH_WISE)]
    connected = kinds[LayerType.FULLY_CONNECTED].layers
    return [name, f"{total:,}", NOTHING, *map(str, layers), str(connected), "0"]


def _network(name: str, result: NetworkResult) -> Iterator[Block]:
    yield Heading(name)
    names = [name for name in result.points[Row()]["metrics"] if name not in _NO_METRICS][:2]
    columns = ["stages", "ratio", "zeros %", "SG bits", "SQ bits", "bytes", "CR %", "CR x", "dB"]
    original = result.points[Row()]["bytes"]
    rows = [_line(row, each, original, names) for row, each in result.points.items()]
    yield Table([*columns, *names], rows)
    composed = result.points.get(COMPOSED, {})
    if composed.get("lnq_bytes"):
        yield Text(
            f"The weights of the last row are {composed['weight_bytes']} bytes; as LNQ, the same "
            f"numbers, {composed['lnq_bytes']}."
        )


def _line(row: Row, each: Values, original: int, names: Sequence[str]) -> list[str]:
    return [
        row.name,
        f"{row.ratio:g}" if row.ratio else "",
        f"{100 * each['sparsity']:.2f}" if "sparsity" in each else "",
        f"{each['mean_index_bits']:.3f}" if row.index_bits else "",
        "/".join(map(str, row.widths)) if row.widths else "",
        str(each["bytes"]),
        f"{100 * each['bytes'] / original:.2f}",
        f"{original / each['bytes']:.2f}",
        f"{each['db']:.2f}" if "db" in each else "",
        *(f"{each['metrics'][name]:.6g}" for name in names),
    ]


def _retrained(stages: Sequence[Values]) -> Iterator[Block]:
    yield Heading("With retraining: the demo's network")
    yield Text(
        "Loss is what pruning was allowed to cost on the images that it is trained on; a step in "
        "brackets cost more and was undone. Grouped are 2^5 values of a layer. Top-1 and top-5 are "
        "of the 449 test images."
    )
    columns = ["stage", "loss", "ratio", "zeros %", "SQ bits", "bytes", "CR %", "CR x"]
    rows = [_stage(each) for each in stages]
    yield Table([*columns, "top-1", "top-5"], rows)


def _stage(each: Values) -> list[str]:
    name = each["stage"] if each.get("kept", True) else f"({each['stage']})"
    bits, size = "", [""] * 3
    if "bytes" in each:
        widths = [*each["widths"], each["output_bits"] or 32]
        bits = "/".join(map(str, widths))
        original = each["original_bytes"]
        size = [
            str(each["bytes"]),
            f"{100 * each['bytes'] / original:.2f}",
            f"{original / each['bytes']:.2f}",
        ]
    return [
        name,
        f"{each['loss']:g}",
        f"{each['ratio']:g}" if each.get("ratio") else "",
        f"{100 * each['sparsity']:.2f}" if "sparsity" in each else "",
        bits,
        *size,
        f"{100 * each['top1']:.2f}",
        f"{100 * each['top5']:.2f}",
    ]


def draw_networks(results: Mapping[str, NetworkResult], folder: Path) -> Iterator[Picture]:
    """The first metric over CR, a picture for each network that has one. Raises as `save`."""
    for name, result in results.items():
        metrics: Mapping[str, Any] = result.points[Row()]["metrics"]
        if not metrics:
            continue
        metric, before = next(iter(metrics.items()))
        figure, (axes,) = subplots(1)
        for stages in dict.fromkeys(row.name for row in result.points if row != Row()):
            points = [each for row, each in result.points.items() if row.name == stages]
            original = result.points[Row()]["bytes"]
            across = [original / each["bytes"] for each in points]
            axes.plot(across, [each["metrics"][metric] for each in points], "o", label=stages)
        axes.axhline(before, color="black", linewidth=0.5)
        axes.set(xlabel="CR x", ylabel=metric, title=name)
        axes.legend(fontsize="small")
        path = folder / f"hierarchical-{name}.svg"
        save(figure, path)
        yield Picture(f"{name}: {metric} over CR", path)
