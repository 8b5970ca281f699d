"""The paper's way to compare: files within a loss of the task metric, each where it stands."""

from typing import Any

from nnref.tools.experiments.lnq import TestResult


def smallest_within(result: TestResult, loss: float) -> dict[str, dict[str, Any]]:
    """By row the smallest measured point whose first metric changes by no more, relatively."""
    name, before = next(iter(result.metrics.items()))
    found: dict[str, dict[str, Any]] = {}
    for row, points in result.points.items():
        within = [
            each for each in points if abs(each["metrics"][name] - before) <= loss * abs(before)
        ]
        if within:
            found[row] = min(within, key=lambda each: each["bytes"])
    return found
