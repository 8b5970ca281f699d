"""A convolutional filter with two of its layers as low-rank factors: bytes, errors, running time.

    python -m nnref.tools.examples.low_rank [HEIGHT WIDTH]

The network has the form of the post-filter with which "MPEG-NNR low-rank" is reported: seven
layers, 64 channels between them, the second and the third with rank 32 or 24. Its weights are not
to be had; here they are random, and its kernels 3x3. Sizes reported there are those of files that
are not specified, so that only the order of things can be compared; the last columns have them.
"""

import sys
from itertools import pairwise
from time import perf_counter
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


def seconds(torch: Any, module: Any, image: Any) -> float:
    """The shortest running time for an image, on one thread."""
    torch.set_num_threads(1)
    times = []
    with torch.no_grad():
        for _ in range(_RUNS):
            start = perf_counter()
            module(image)
            times.append(perf_counter() - start)
    return min(times)


def main(arguments: list[str]) -> None:
    """Prints one row per rank."""
    import torch  # noqa: PLC0415  the extra nnref[torch]

    height, width = (int(given) for given in arguments) if arguments else (240, 416)
    module, image = post_filter(torch), torch.rand(1, 1, height, width)
    state = module.state_dict()
    rows, whole = [], (0, 0.0)
    for rank, reported in REPORTED.items():
        stream = encode(state, sqnr=30, rules=rules(rank) if rank else ())
        tensors = decode(stream, as_coded=True)
        time = seconds(torch, load_factored(module, tensors), image)
        whole = whole if rank else (len(stream), time)
        name = FACTORED[0]
        error = sqnr_db(state[name].numpy(), decode(stream)[name])
        rows.append(
            (
                "none" if rank is None else str(rank),
                f"{sum(array.size for array in tensors.values()):,}",
                f"{len(stream):,}",
                f"{100 * len(stream) / whole[0]:.0f} %",
                f"{error:.1f}",
                f"{1000 * time:.0f}",
                f"{100 * time / whole[1]:.0f} %",
                *reported,
            )
        )
    columns = ("rank", "numbers", "bytes", "size", "dB", "ms", "time", "text: size", "text: time")
    print_table("low rank of two layers", columns, rows)


if __name__ == "__main__":
    main(sys.argv[1:])
