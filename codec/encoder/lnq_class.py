"""Class mode (clause 15.1.3) for one layer: the tools that suit it, at an error that is given."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.lnq_point import PRICES, ClassPoint, Meeting, Operation, likely_qp
from nnref.codec.encoder.lnq_start import (
    first_map,
    one_class,
    part_of,
    plain_levels,
    zero_units,
)
from nnref.codec.encoder.sparsity import is_sparse
from nnref.codec.entropy import LnqShape
from nnref.codec.quantization.lnq_classes import ClassPlan, ClassSearch

_SPARSE_PRICES: Final = (0.4, 1.0)
"""Parts of the price that are tried where a layer is sparse."""
_LEAST_UNITS: Final = 8
"""Units of a class that are worth telling apart."""
_MOST_CLASSES: Final = 4
_OFFSETS: Final = (7, 2)
"""Magnitudes with an offset of their own, by dq_flag."""
_WITH_ZEROS: Final = 0.02
"""Part of the weights in units of zeros that a class without bits is worth."""
_EXPLORING: Final = 3
"""Passes with one step while tools are compared."""
_HOPELESS: Final = 1.01
"""Objective after one pass with more classes, beside that with fewer, which ends the attempt."""


@dataclass(frozen=True, slots=True)
class ClassEncoder:
    """Finds class modes for one layer: float32, finite, row-major, at least one weight."""

    weights: NDArray[np.float32]
    shapes: tuple[LnqShape, ...]
    """Units that may be classes."""
    qp_density: int
    base_qp: int
    search: bool = True
    """Whether contexts get parameter sets of their own."""
    dependent: bool = True
    """Whether dq_flag may be 1."""

    def best(self, operation: Operation) -> ClassPoint | None:
        """The point found of the fewest bits whose error is not above that of `operation`.

        Tools are compared on some rows of large layers. None if no step meets the error.
        """
        some = part_of(self.weights, self.shapes, operation)
        if some is None:
            point = self._with_tools(operation)
        else:
            part = replace(self, weights=some[0], shapes=some[1])
            point = part._with_tools(some[2])
            point = point and part._meeting.at_error(some[2], point)
            point = point and self._whole(operation, point, part)
        point = point and self._meeting.at_error(operation, point)
        return point and self._meeting.spent(operation, point)

    def _with_tools(self, operation: Operation) -> ClassPoint | None:
        """The tools that suit the layer, at a step that is likely."""
        points = list(self._without_classes(operation))
        if not points:
            return None
        best = points[0] if len(points) == 1 else min(points, key=lambda each: each.choice.bits)
        with_classes = [self._classes(best, shape, 2) for shape in self.shapes]
        for found in with_classes:
            if found is not None and found.objective < best.objective:
                best = found
        for count in range(3, _MOST_CLASSES + 1):
            if best.choice.plan.classes != count - 1:
                break
            found = self._classes(best, best.choice.plan.shape, count)
            if found is not None and found.objective < best.objective:
                best = found
        return self._with_zero_class(best)

    def _without_classes(self, operation: Operation) -> Iterator[ClassPoint]:
        """One class: with several quantizers and prices where the layer is sparse."""
        common = ClassPlan(self.shapes[0], 0, 1, 0, 0, operation.unary_length, search=self.search)
        sparse = is_sparse(self.weights)
        for dq_flag in (1, 0) if self.dependent and sparse else (int(self.dependent),):
            plan = replace(common, dq_flag=dq_flag, offsets=_OFFSETS[dq_flag])
            for part in _SPARSE_PRICES if sparse else (1.0,):
                point = self._explored(operation, plan, part)
                if not sparse:
                    yield point
                elif (met := self._meeting.at_error(operation, point)) is not None:
                    yield met

    def _explored(self, operation: Operation, plan: ClassPlan, part: float) -> ClassPoint:
        """Where a plan leads with a part of the usual price, and a step that is likely."""
        ratio = PRICES[operation.dq_flag] / PRICES[plan.dq_flag]
        octaves = 0.5 * math.log2(ratio) - 0.35 * math.log2(part)
        qp = likely_qp(operation, octaves, self.qp_density, self.base_qp)
        search, step = ClassSearch(self.weights, plan), self._meeting.step(qp)
        q = operation.quantized if qp == operation.qp else None
        choice = search.start(
            plain_levels(self.weights, plan, step) if q is None else q, one_class(), step
        )
        for _ in range(_EXPLORING):
            choice = search.improved(choice, step, part * PRICES[plan.dq_flag])
        return ClassPoint(choice, qp, part * PRICES[plan.dq_flag])

    def _classes(self, start: ClassPoint, shape: LnqShape, classes: int) -> ClassPoint | None:
        """The point with so many classes of units of a shape; None where there is no use."""
        if shape.units < _LEAST_UNITS * classes:
            return None
        plan = replace(start.choice.plan, shape=shape, classes=classes)
        search, step = ClassSearch(self.weights, plan), self._meeting.step(start.qp)
        choice = search.start(start.choice.q, first_map(self.weights, plan), step)
        for number in range(_EXPLORING):
            choice = search.improved(search.reassigned(choice), step, start.price)
            found = ClassPoint(choice, start.qp, start.price)
            if number == 0 and found.objective > _HOPELESS * start.objective:
                return None
        return found

    def _with_zero_class(self, start: ClassPoint) -> ClassPoint:
        """Units without a level in a class that takes no bits, where there are enough of them."""
        plan, choice = start.choice.plan, start.choice
        shape = plan.shape if plan.classes > 1 else self.shapes[0]
        if shape.units < 2 or plan.classes == _MOST_CLASSES:
            return start
        zero = zero_units(choice.q, shape)
        if shape.unit_weights()[zero].sum() < _WITH_ZEROS * shape.weights or zero.all():
            return start
        old_map = choice.class_map if plan.classes > 1 else np.zeros(shape.units, np.uint8)
        class_map = np.where(zero, 0, old_map + 1).astype(np.uint8)
        plan = replace(plan, shape=shape, classes=plan.classes + 1, zero_class=1)
        search, step = ClassSearch(self.weights, plan), self._meeting.step(start.qp)
        found = search.start(choice.q, class_map, step)
        found = search.improved(found, step, start.price)
        point = ClassPoint(found, start.qp, start.price)
        return min(start, point, key=lambda each: each.objective)

    def _whole(self, operation: Operation, start: ClassPoint, part: "ClassEncoder") -> ClassPoint:
        """A first choice for the whole layer, with what a part of it has led to."""
        shape = self.shapes[part.shapes.index(start.choice.plan.shape)]
        step = self._meeting.step(start.qp)
        plan = replace(start.choice.plan, shape=shape)
        search = ClassSearch(self.weights, plan)
        q = operation.quantized
        if q is None or plan.dq_flag != operation.dq_flag:
            q = plain_levels(self.weights, plan, step)
        same_units = shape.units == start.choice.class_map.size
        class_map = start.choice.class_map if same_units else first_map(self.weights, plan)
        if plan.zero_class and not same_units:
            class_map[zero_units(q, shape)] = 0
        choice = search.start(q, class_map, step)
        mean = np.rint(start.choice.rates.mean(axis=0)).astype(np.int32)
        rates = np.repeat(mean[np.newaxis], choice.rates.shape[0], axis=0)
        choice = replace(choice, rates=rates, offsets=start.choice.offsets)
        return replace(start, choice=choice if same_units else search.reassigned(choice))

    @property
    def _meeting(self) -> Meeting:
        return Meeting(self.weights, self.qp_density, self.base_qp)
