"""Clause 15.1.4: a codebook for every unit: exact clusterings of its integers, and their costs."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import inner, kernel
from nnref.codec.entropy.kernels.integers import leading_zeros, signed
from nnref.codec.quantization.kernels.cluster import add_cluster

Weights = npt.NDArray[np.float32]
Levels = npt.NDArray[np.int32]
Sizes = npt.NDArray[np.uint8]
Costs = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST = 8
"""Centroids of a unit, at most."""
NONE = 1e300
"""The cost of a unit that cannot have a codebook."""


@kernel
def unit_noise(
    weights: Weights,
    inverse_step: float,
    q: Levels,
    geometry: tuple[int, int, int, int, int],
    noise: Costs,
) -> None:
    """Squared error in squared steps by unit: noise float64[units] (written)."""
    rows, columns, unit_rows, unit_columns, across = geometry
    noise[:] = 0.0
    for row in range(rows):
        for column in range(columns):
            position = row * columns + column
            error = inverse_step * np.float64(weights[position]) - q[position]
            noise[(row // unit_rows) * across + column // unit_columns] += error * error


@inner
def code_bits(number: int, k: int) -> int:
    """Bits of an Exp-Golomb code of order k."""
    return 2 * (63 - leading_zeros((number >> k) + 1)) + 1 + k


@inner
def codebook_bits(book: Levels, levels: int, k: int) -> int:
    """Bits of a codebook that is sent by its values."""
    if levels == 0:
        return 0
    middle = (levels - 1) >> 1
    centre = signed(book[middle])
    bits = code_bits(2 * centre - 1 if centre > 0 else -2 * centre, k)
    for i in range(levels - 1):
        bits += code_bits(signed(book[i + 1]) - signed(book[i]) - 1, k)
    return bits


@kernel
def fit_units(
    weights: Weights,
    inverse_step: float,
    rounded: Levels,
    geometry: tuple[int, int, int, int, int],
    price: float,
    symbol_price: float,
    limits: tuple[int, int, int],
    books: Levels,
    sizes: Sizes,
    noise: Costs,
    bits: Costs,
    symbols: Levels,
) -> None:
    """The codebook of least squared error plus price of the bits for every unit.

    `rounded` are the weights in steps, to the nearest integers, and what is clustered. A bit of a
    symbol, estimated by the entropy in the unit, costs `symbol_price`, others `price`. `limits` is
    (most levels, fewest, order of the codes). books int32[units, 8], sizes uint8, noise and bits
    float64[units] (NONE if there is no codebook), symbols int32[n] (written).
    """
    rows, columns, unit_rows, unit_columns, across = geometry
    most, fewest, k = limits
    size = min(unit_rows, rows) * min(unit_columns, columns)
    values = np.empty(size, np.int64)
    points = np.empty(size, np.int64)
    sums = np.zeros((3, size + 1), np.int64)
    costs = np.zeros((2, size + 1), np.int64)
    starts = np.zeros((MOST, size + 1), np.uint16)
    book = np.zeros(MOST, np.int32)
    counts = np.zeros(MOST, np.int64)
    for unit in range(sizes.size):
        top, left = (unit // across) * unit_rows, (unit % across) * unit_columns
        bottom, right = min(top + unit_rows, rows), min(left + unit_columns, columns)
        count = 0
        for row in range(top, bottom):
            for column in range(left, right):
                values[count] = rounded[row * columns + column]
                count += 1
        ordered = np.sort(values[:count])
        distinct = 0
        for i in range(count):
            if i == 0 or ordered[i] != ordered[i - 1]:
                points[distinct] = ordered[i] - ordered[0]
                distinct += 1
                sums[:, distinct] = sums[:, distinct - 1]
            value = ordered[i] - ordered[0]
            sums[0, distinct] += 1
            sums[1, distinct] += value
            sums[2, distinct] += value * value
        best = NONE
        bits[unit] = noise[unit] = NONE
        sizes[unit] = 0
        n = distinct + 1
        costs[0, :n] = 0
        for levels in range(min(most, distinct) + 1):
            if levels:
                before, after = costs[(levels - 1) & 1, :n], costs[levels & 1, :n]
                first_start = n if levels > 1 else 0
                add_cluster(
                    sums[0, :n], sums[1, :n], sums[2, :n], before, first_start, after,
                    starts[levels - 1, :n],
                )  # fmt: skip
            if levels < fewest or (levels == 0 and (distinct > 1 or ordered[0] != 0)):
                continue
            end, first = distinct, 0
            for cluster in range(levels - 1, -1, -1):
                if end == 0:
                    break
                start = signed(starts[cluster, end])
                weight = sums[0, end] - sums[0, start]
                total = sums[1, end] - sums[1, start]
                book[cluster] = np.int64(np.floor(total / weight + 0.5)) + ordered[0]
                counts[cluster] = weight
                end = start
                first = cluster
            if levels and first:
                continue  # as good with fewer
            error = 0.0
            for row in range(top, bottom):
                for column in range(left, right):
                    position = row * columns + column
                    x = inverse_step * np.float64(weights[position])
                    nearest = x * x if levels == 0 else NONE
                    for j in range(levels):
                        distance = (x - book[j]) * (x - book[j])
                        nearest = min(nearest, distance)
                    error += nearest
            entropy = 0.0
            for j in range(levels):
                entropy -= counts[j] * np.log2(counts[j] / count)
            side = float(codebook_bits(book, levels, k) + levels + 1)
            cost = error + price * side + symbol_price * entropy
            if cost < best:
                best = cost
                noise[unit], bits[unit] = error, side + entropy * symbol_price / price
                sizes[unit] = levels
                books[unit] = book
                books[unit, levels:] = 0
        sums[:, : distinct + 1] = 0
        levels = signed(sizes[unit])
        middle = (levels - 1) >> 1
        for row in range(top, bottom):
            for column in range(left, right):
                position = row * columns + column
                x = inverse_step * np.float64(weights[position])
                chosen, nearest = middle, NONE
                for j in range(levels):
                    distance = (x - books[unit, j]) * (x - books[unit, j])
                    if distance < nearest:
                        chosen, nearest = j, distance
                symbols[position] = chosen - middle if levels else 0
