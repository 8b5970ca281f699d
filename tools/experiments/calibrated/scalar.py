"""What practitioners use without an entropy-coded format: integers per row, and GGUF-like blocks.

Sizes are those of numbers and scales alone, without names and dimensions, which favours these
rows. Tensors with one dimension stay binary32, as they do in the formats that these stand for.
"""

import shutil
import subprocess
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.spec.errors import refusal
from nnref.tools.bench.workload import Tensors
from nnref.tools.experiments.calibrated.outcome import Outcome

BLOCK: Final = 32
"""Weights that share a scale in a GGUF-like block."""
_LEVEL: Final = "-19"
"""Of zstd."""

Floats = NDArray[np.float32]
Quantized = tuple[list[bytes], Floats]
"""What is stored, and what comes back."""
Quantizer = Callable[[Floats], Quantized]


def rows_of_integers(bits: int) -> Quantizer:
    """Integers of so many bits, symmetric, with a binary32 scale for each row (output channel).

    Integers of 4 bits are packed in pairs.
    """
    largest = (1 << (bits - 1)) - 1

    def quantize(matrix: Floats) -> Quantized:
        scales = np.abs(matrix).max(1, keepdims=True) / np.float32(largest)
        scales = np.where(scales > 0, scales, 1).astype(np.float32)
        integers = np.clip(np.rint(matrix / scales), -largest, largest).astype(np.int8)
        stored = _pairs(integers.reshape(-1)) if bits == 4 else integers
        return [stored.tobytes(), scales.tobytes()], integers * scales

    return quantize


def blocks_q8(matrix: Floats) -> Quantized:
    """GGUF's Q8_0: 8-bit integers, binary16 scale = largest magnitude / 127."""
    blocks = _blocks(matrix)
    scales = np.abs(blocks).max(1, keepdims=True) / np.float32(127)
    integers = np.rint(_divided(blocks, scales)).astype(np.int8)
    return _with_scales(matrix, integers.tobytes(), integers, scales)


def blocks_q4(matrix: Floats) -> Quantized:
    """GGUF's Q4_0: integers -8 to 7, binary16 scale = the number of largest magnitude / -8."""
    blocks = _blocks(matrix)
    at = np.abs(blocks).argmax(1)[:, None]
    scales = np.take_along_axis(blocks, at, 1) / np.float32(-8)
    nearest = np.floor(_divided(blocks, scales) + np.float32(8.5))
    integers = np.clip(nearest, 0, 15).astype(np.int8) - np.int8(8)
    return _with_scales(matrix, _pairs(integers.reshape(-1)).tobytes(), integers, scales)


class Scalar:
    """A row of one point: every matrix quantized by itself, then packed by zstd or not."""

    def __init__(self, quantizer: Quantizer, *, zstd: bool) -> None:
        self._quantizer, self._zstd = quantizer, zstd

    def code(self, model: Tensors, quality: float) -> Outcome:  # noqa: ARG002 - it has only one
        """Raises UsageError extra-missing where there is no zstd command."""
        weights, others = [], []
        decoded: dict[str, Any] = {}
        for name, tensor in model.items():
            if tensor.ndim < 2:
                others.append(tensor.tobytes())
                decoded[name] = tensor
                continue
            stored, values = self._quantizer(tensor.reshape(len(tensor), -1))
            weights += stored
            decoded[name] = values.reshape(tensor.shape).astype(np.float32)
        sizes = [self._size(b"".join(each)) for each in (weights, others)]
        return Outcome(sum(sizes), sizes[0], decoded)

    def _size(self, data: bytes) -> int:
        return len(packed(data)) if self._zstd else len(data)


def packed(data: bytes) -> bytes:
    """By the zstd command. Raises UsageError extra-missing without one."""
    command = shutil.which("zstd")
    if command is None:
        raise refusal("extra-missing", "no command zstd on this machine")
    words = [command, _LEVEL, "-c", "-q"]
    return subprocess.run(words, input=data, capture_output=True, check=True).stdout


def _blocks(matrix: Floats) -> Floats:
    """The numbers in row-major order in blocks; the last one is filled up with zeros."""
    flat = matrix.reshape(-1)
    whole = np.zeros(-(-flat.size // BLOCK) * BLOCK, np.float32)
    whole[: flat.size] = flat
    return whole.reshape(-1, BLOCK)


def _divided(blocks: Floats, scales: Floats) -> Floats:
    """Blocks of zeros stay zeros."""
    return np.divide(blocks, scales, out=np.zeros_like(blocks), where=scales != 0)


def _with_scales(
    matrix: Floats, stored: bytes, integers: NDArray[np.int8], scales: Floats
) -> Quantized:
    half = scales.astype(np.float16)
    values = integers.astype(np.float32) * half.astype(np.float32)
    return [stored, half.tobytes()], values.reshape(-1)[: matrix.size].reshape(matrix.shape)


def _pairs(integers: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Two integers of 4 bits in a byte."""
    even = integers if integers.size % 2 == 0 else np.append(integers, np.int8(0))
    nibbles = even.astype(np.uint8) & 15
    return np.asarray(nibbles[::2] | nibbles[1::2] << 4, np.uint8)
