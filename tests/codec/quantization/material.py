"""Weights that provoke ties, zeros, subnormal numbers and extremes."""

import numpy as np

STEPS = [(-38, 2), (-37, 2), (0, 0), (5, 2), (-301, 4), (77, 5), (-701, 7)]
"""Pairs of qp and qp_density; most steps are no powers of two."""


def weights_around(step, size, seed):
    """float32 weights of one kind, chosen by the seed, on the scale of a step."""
    rng = np.random.default_rng(seed)
    kinds = [
        lambda: rng.laplace(0, step, size),
        lambda: rng.normal(0, 30 * step, size),
        lambda: rng.integers(-12, 13, size) * (step / 2),
        lambda: rng.integers(-12, 13, size) * (step / 4),
        lambda: rng.choice([0.0, -0.0, 1e-45, -1e-40, step / 2, -1.5 * step, 2 * step], size),
        lambda: np.where(rng.random(size) < 0.9, 0, rng.normal(0, 3 * step, size)),
        lambda: rng.uniform(-1, 1, size) * step * 2.0**30,
        lambda: np.full(size, rng.normal() * step),
    ]
    return kinds[seed % len(kinds)]().astype(np.float32)
