"""What the encoding of one layer with a calibration costs:
python -m nnref.tools.bench.calibrated_cost ROWS COLUMNS [--no-dq]

Random weights, and moments of random inputs that have much in common. Prints seconds of one core
and the peak of the process's memory (Linux, macOS).
"""

import argparse
import resource
import sys
import time
from collections.abc import Sequence

import numpy as np

from nnref.codec import encode
from nnref.tools.cli.output import print_table

_INPUTS = 600
_SQNR = 20.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one row."""
    parser = argparse.ArgumentParser(
        prog="python -m nnref.tools.bench.calibrated_cost", description=__doc__
    )
    parser.add_argument("rows", type=int)
    parser.add_argument("columns", type=int)
    parser.add_argument("--no-dq", action="store_true")
    options = parser.parse_args(arguments)
    _seconds(8, 64, dq=not options.no_dq)  # compiles
    seconds, size = _seconds(options.rows, options.columns, dq=not options.no_dq)
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    print_table(
        f"{options.rows} x {options.columns} weights, {_SQNR:g} dB",
        ("seconds of CPU", "bytes", "peak MiB"),
        [(f"{seconds:.1f}", f"{size:,}", f"{peak:.0f}")],
    )


def _seconds(rows: int, columns: int, *, dq: bool) -> tuple[float, int]:
    """Seconds of CPU, and bytes of the stream."""
    random = np.random.default_rng(0)
    weight = random.laplace(size=(rows, columns)).astype(np.float32)
    mixed = random.normal(size=(max(1, columns // 8), columns))
    inputs = random.normal(size=(_INPUTS, len(mixed))) @ mixed
    inputs = (inputs + 0.5 * random.normal(size=inputs.shape)).astype(np.float32)
    calibration = {"weight:moment": (inputs.T @ inputs)[None] / np.float32(_INPUTS)}
    start = time.process_time()
    stream = encode({"weight": weight}, calibration=calibration, sqnr=_SQNR, dq=dq)
    return time.process_time() - start, len(stream)


if __name__ == "__main__":
    main()
