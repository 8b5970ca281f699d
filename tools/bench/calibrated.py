"""Bytes at equal outputs, with and without a calibration:
python -m nnref.tools.bench.calibrated NET.py:FACTORY --calibration-inputs X.npz --test-inputs Y.npz

Encodes the module's tensors at several qualities both ways, runs the decoded networks on the test
inputs, and interpolates where they are equally far from the original: by the mean Kullback-Leibler
divergence of the outputs as logits along their last dimension or, with --mse, their mean square.
Calibration and test inputs have to be different ones, which nobody checks.
"""

import argparse
import math
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec import decode, encode
from nnref.codec.model.tensors import Array
from nnref.codec.model.torch_file import import_torch
from nnref.tools.calibrate import (
    Distance,
    calibrate_module,
    distance_of,
    module_of,
    read_inputs,
)
from nnref.tools.cli.output import print_table

Curve = list[tuple[float, int]]
"""Distance and bytes, one point for every quality."""

PLAIN: Final = (8.0, 12.0, 16.0, 20.0, 24.0)
CALIBRATED: Final = (10.0, 13.0, 16.0, 19.0, 22.0)
"""dB of weights, and of outputs."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints both curves and the bytes at equal distances."""
    parser = argparse.ArgumentParser(
        prog="python -m nnref.tools.bench.calibrated", description=__doc__
    )
    parser.add_argument("program", metavar="NET.py:FACTORY")
    parser.add_argument("--weights", metavar="FILE")
    parser.add_argument("--calibration-inputs", required=True, metavar="FILE")
    parser.add_argument("--test-inputs", required=True, metavar="FILE")
    parser.add_argument("--mse", action="store_true")
    parser.add_argument("--no-dq", action="store_true")
    options = parser.parse_args(arguments)
    torch = import_torch("a network")
    module = module_of(options.program, options.weights).eval()
    tensors = {name: value.numpy() for name, value in module.state_dict().items()}
    distance = distance_of(torch, module, read_inputs(options.test_inputs), mse=options.mse)
    dq = {"dq": not options.no_dq}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calibration.safetensors"
        calibrate_module(module, read_inputs(options.calibration_inputs), path)
        calibrated = curve(tensors, CALIBRATED, distance, calibration=path, **dq)
    plain = curve(tensors, PLAIN, distance, **dq)
    rows = [("plain", d, size) for d, size in plain]
    rows += [("calibrated", d, size) for d, size in calibrated]
    weights = sum(value.size for value in tensors.values())
    print_table(
        options.program,
        ("<way", "distance", "bytes", "bits per number"),
        [(way, f"{d:.4g}", f"{n:,}", f"{8 * n / weights:.3f}") for way, d, n in rows],
    )
    print_table(
        "at equal distance",
        ("distance", "plain", "calibrated", "ratio"),
        _at_equal(plain, calibrated),
    )


def curve(
    tensors: dict[str, Array], qualities: Iterable[float], distance: Distance, **options: Any
) -> Curve:
    """What every quality in dB gives."""
    found = []
    for sqnr in qualities:
        stream = encode(tensors, sqnr=sqnr, **options)
        found.append((distance(dict(decode(stream))), len(stream)))
    return found


def bytes_at(points: Curve, distance: float) -> float | None:
    """Bytes at a distance, along lines between logarithms; None outside the curve."""
    logs = sorted((math.log(max(d, 1e-300)), math.log(size)) for d, size in points)
    wanted = math.log(distance)
    if not logs[0][0] <= wanted <= logs[-1][0]:
        return None
    distances, sizes = np.array(logs).T
    return math.exp(float(np.interp(wanted, distances, sizes)))


def _at_equal(plain: Curve, calibrated: Curve) -> Iterable[tuple[str, ...]]:
    for distance, size in calibrated:
        other = bytes_at(plain, distance)
        if other is not None:
            yield f"{distance:.4g}", f"{other:,.0f}", f"{size:,}", f"{other / size:.2f}"


if __name__ == "__main__":
    main()
