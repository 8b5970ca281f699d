"""Processor time of convolutions as they are, and as vertical and horizontal filters (torch)."""

from collections.abc import Sequence
from time import process_time
from typing import Any, Final

import numpy as np

from nnref.tools.experiments.journal import Journal, Values
from nnref.tools.torch_models import load_factored

_SPENT: Final = 2.0
"""Seconds of processor time for each layer: a busy machine disturbs some runs."""


class LayerSeconds:
    """`Seconds`: a convolution by itself with random weights, on a picture of its input channels.

    Strides are 1 and there are no groups. Each one is timed once and kept in the journal.
    """

    def __init__(self, torch: Any, edge: int, journal: Journal, spent: float = _SPENT) -> None:
        """`edge` are rows and columns of a picture; `spent` seconds are spent on each layer."""
        self._torch = torch
        self._edge = edge
        self._journal = journal
        self._spent = spent

    def __call__(self, shape: Sequence[int], rank: int) -> float:
        """The least of several runs on one thread."""
        key = {"time of": list(shape), "rank": rank, "edge": self._edge}
        values = self._journal.point(key, lambda: self._measured(shape, rank))
        return float(values["seconds"])

    def _measured(self, shape: Sequence[int], rank: int) -> Values:
        torch = self._torch
        torch.set_num_threads(1)
        layer = self._layer(shape, rank)
        random = torch.Generator().manual_seed(1)
        picture = torch.randn(1, shape[1], self._edge, self._edge, generator=random)
        times: list[float] = []
        with torch.no_grad():
            while sum(times) < self._spent:
                started = process_time()
                layer(picture)
                times.append(process_time() - started)
        return {"seconds": min(times)}

    def _layer(self, shape: Sequence[int], rank: int) -> Any:
        outputs, inputs, height, width = shape
        padding = (height // 2, width // 2)
        layer = self._torch.nn.Conv2d(inputs, outputs, (height, width), padding=padding, bias=False)
        if rank == 0:
            return layer
        random = np.random.default_rng(1)
        g, h = (inputs, height, rank), (rank, outputs, width)
        factors = {
            f"weight_{name}": random.normal(size=each).astype(np.float32)
            for name, each in (("G", g), ("H", h))
        }
        return load_factored(layer, factors)
