"""A convolutional filter with two of its layers as low-rank factors: bytes, errors, running time.

    python -m nnref.tools.examples.low_rank [HEIGHT WIDTH]

The network has the form of the post-filter with which "MPEG-NNR low-rank" is reported: seven
layers, 64 channels between them, the second and the third with rank 32 or 24. Its weights are not
to be had; here they are random, and its kernels 3x3. Sizes reported there are those of files that
are not specified, so that only the order of things can be compared; the last columns have them.
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from time import process_time
from typing import Any, Final

from nnref.codec import Rule, decode, encode
from nnref.codec.quantization import sqnr_db
from nnref.tools.cli.output import print_table
from nnref.tools.torch_models import load_factored

LAYERS: Final = 7
CHANNELS: Final = 64
FACTORED: Final = ("2.weight", "4.weight")
"""The second and the third convolution of the `nn.Sequential`."""
REPORTED: Final = {None: ("100 %", "100 %"), 32: ("72 %", "94 %"), 24: ("49 %", "83 %")}
"""Sizes and running times in the text, by rank."""
_RUNS: Final = 5


def post_filter(torch: Any) -> Any:
    """Seven convolutions from one channel to one, with random weights, always the same."""
    torch.manual_seed(1)
    widths = [1, *[CHANNELS] * (LAYERS - 1), 1]
    modules: list[Any] = []
    for inputs, outputs in pairwise(widths):
        modules += [torch.nn.Conv2d(inputs, outputs, 3, padding=1), torch.nn.ReLU()]
    return torch.nn.Sequential(*modules[:-1]).eval()


def rules(rank: int) -> tuple[Rule, ...]:
    """Factors of a rank for two layers of 64 rows and 576 columns."""
    rows, columns = CHANNELS, 9 * CHANNELS
    ratio = (rank + 0.5) * (rows + columns) / (rows * columns)
    return tuple(Rule(name, {"low_rank": ratio}) for name in FACTORED)


def seconds(torch: Any, modules: Sequence[Any], image: Any) -> list[float]:
    """The shortest processor time of each module for an image, on one thread; they take turns."""
    torch.set_num_threads(1)
    times: list[list[float]] = [[] for _ in modules]
    with torch.no_grad():
        for _ in range(_RUNS):
            for module, measured in zip(modules, times, strict=True):
                start = process_time()
                module(image)
                measured.append(process_time() - start)
    return [min(measured) for measured in times]


def main(arguments: list[str]) -> None:
    """Prints one row per rank."""
    import torch  # noqa: PLC0415  the extra nnref[torch]

    height, width = (int(given) for given in arguments) if arguments else (240, 416)
    module, image = post_filter(torch), torch.rand(1, 1, height, width)
    state = module.state_dict()
    streams = [encode(state, sqnr=30, rules=rules(rank) if rank else ()) for rank in REPORTED]
    coded = [decode(stream, as_coded=True) for stream in streams]
    times = seconds(torch, [load_factored(module, tensors) for tensors in coded], image)
    name = FACTORED[0]
    rows = [
        (
            "none" if rank is None else str(rank),
            f"{sum(array.size for array in tensors.values()):,}",
            f"{len(stream):,}",
            f"{100 * len(stream) / len(streams[0]):.0f} %",
            f"{sqnr_db(state[name].numpy(), decode(stream)[name]):.1f}",
            f"{1000 * time:.0f}",
            f"{100 * time / times[0]:.0f} %",
            *reported,
        )
        for (rank, reported), stream, tensors, time in zip(
            REPORTED.items(), streams, coded, times, strict=True
        )
    ]
    columns = ("rank", "numbers", "bytes", "size", "dB", "ms", "time", "text: size", "text: time")
    print_table("low rank of two layers", columns, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
