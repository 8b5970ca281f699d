"""Published mode (clause 15.1.4) for one layer, at an error that is given."""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.encoder.lnq_point import PRICES, Operation, decibels, likely_qp
from nnref.codec.encoder.lnq_start import part_of
from nnref.codec.encoder.qp_bracket import QpBracket
from nnref.codec.entropy import LnqPayloadEncoder, LnqShape, PublishedSyntax, UnitData
from nnref.codec.entropy.cost import ONE_BIT
from nnref.codec.quantization.kernels.lnq_rates import SKIPPED, unit_costs
from nnref.codec.quantization.kernels.lnq_units import MOST, NONE, fit_units, unit_noise
from nnref.codec.quantization.kernels.uniform import round_to_grid
from nnref.codec.quantization.lnq_classes import ClassChoice, ClassPlan, ClassSearch
from nnref.codec.quantization.scan import read_only
from nnref.codec.quantization.step import normal_step, qp_range
from nnref.spec.tables.enums import LnqCentroidMode, LnqContextMode, LnqGroupOrder

_PASSES: Final = 3
"""Decisions with one step: each at the rates that the coding before it had."""
_HOPELESS: Final = 0.03
"""Part of the bits without LNQ that is not made good any more."""
_FLAG_BITS: Final = 0.5
"""Of lnq_flag, about."""


@dataclass(frozen=True, slots=True)
class PublishedOptions:
    """What the paper leaves open, and what an ablation switches off."""

    levels: int = 3
    """Centroids of a unit, at most."""
    variable_levels: bool = True
    """Whether units may have fewer, none of them included."""
    group_order: LnqGroupOrder = LnqGroupOrder.GROUPS_RASTER
    context_mode: LnqContextMode = LnqContextMode.OWN
    centroid_mode: LnqCentroidMode = LnqCentroidMode.PREDICTED
    merge: bool = True
    economical: bool = True
    """Levels that weigh errors against bits (RDOQ); False: the nearest ones, as in the paper."""
    decide: bool = True
    """Codebooks where they cost less; False: wherever they can be."""


@dataclass(frozen=True, slots=True)
class PublishedPoint:
    """A layer in published mode, and its step."""

    syntax: PublishedSyntax
    units: UnitData
    quantized: NDArray[np.int32]
    """Levels, and symbols in units with a codebook."""
    qp: int
    noise: float
    """Squared error in squared steps."""
    lnq_weights: int
    """Weights in units with a codebook."""

    def coded(self, iae_bits: int, qp_delta: int, search: str) -> LnqPayloadEncoder:
        """The codeword."""
        encoder = LnqPayloadEncoder()
        encoder.iae(iae_bits, qp_delta)
        encoder.encode_units(self.quantized, self.units, self.syntax, search)
        return encoder


@dataclass(frozen=True, slots=True)
class PublishedEncoder:
    """Finds the codebooks of one layer: float32, finite, row-major, at least one weight."""

    weights: NDArray[np.float32]
    shape: LnqShape
    qp_density: int
    base_qp: int
    options: PublishedOptions = PublishedOptions()
    search: bool = True

    def best(self, operation: Operation) -> PublishedPoint | None:
        """The point with the largest step found whose error is not above that of `operation`.

        None if no step meets it, or if the first one shows, on some rows of a large layer, that it
        is no use.
        """
        some = part_of(self.weights, (self.shape,), operation)
        if some is not None:
            part = replace(self, weights=some[0], shape=some[1][0])
            point = part.at_qp(part.first_qp(some[2]), operation.unary_length)
            if part._is_hopeless(some[2], point):
                return None
        legal = qp_range(self.qp_density, self.base_qp)
        bracket = QpBracket(legal, self.first_qp(operation), self.qp_density)
        best: PublishedPoint | None = None
        while True:
            point = self.at_qp(bracket.qp, operation.unary_length)
            if some is None and best is None and self._is_hopeless(operation, point):
                return None
            step = self._step(bracket.qp)
            surplus = decibels(operation.squared_error, point.noise * step**2)
            if surplus >= 0 and (best is None or point.qp > best.qp):
                best = point
            if not bracket.note(surplus):
                return best

    def first_qp(self, operation: Operation) -> int:
        """A legal qp that is likely for an operation."""
        octaves = 0.5 * math.log2(PRICES[operation.dq_flag] / PRICES[0])
        return likely_qp(operation, octaves, self.qp_density, self.base_qp)

    def _is_hopeless(self, operation: Operation, point: PublishedPoint) -> bool:
        """Whether bits, with the error in bits, are far more than without LNQ."""
        slope = PRICES[operation.dq_flag] * self._step(operation.qp) ** 2
        error = point.noise * self._step(point.qp) ** 2
        bits = sum(point.coded(6 + self.qp_density, 0, "off").spent.values())
        more = bits - operation.bits + (error - operation.squared_error) / slope
        return more > _HOPELESS * operation.bits

    def at_qp(self, qp: int, unary_length: int) -> PublishedPoint:
        """The point with one step: codebooks where they cost less than levels."""
        step, price = self._step(qp), PRICES[0]
        plan = ClassPlan(self.shape, 0, 2, 0, 1, unary_length, search=self.search)
        search = ClassSearch(self.weights, plan)
        rounded = np.empty(self.weights.size, np.int32)
        round_to_grid(read_only(self.weights), np.float32(1.0 / step), rounded)
        flags = np.zeros(self.shape.units, np.uint8)
        choice = search.start(rounded, 1 - flags, step)
        symbol_price, point = price, None
        for _ in range(_PASSES):
            if self.options.economical:
                choice = search.improved(choice, step, price)
            point, estimated = self._decided(choice, rounded, step, symbol_price, qp)
            spent = point.coded(6 + self.qp_density, 0, "off").spent
            if estimated > 0 and spent["symbols"]:
                symbol_price = price * spent["symbols"] / estimated
            # Rates of the next pass are those of the units that keep their levels.
            choice = search.start(choice.q, 1 - point.units.flags, step)
        assert point is not None
        return point

    def _decided(
        self,
        choice: ClassChoice,
        rounded: NDArray[np.int32],
        step: float,
        symbol_price: float,
        qp: int,
    ) -> tuple[PublishedPoint, float]:
        """Units by what they cost, and the estimated bits of all symbols."""
        shape, options, price = self.shape, self.options, PRICES[0]
        inverse, geometry = 1.0 / step, shape.geometry
        noise = np.empty(shape.units)
        unit_noise(self.weights, inverse, choice.q, geometry, noise)
        costs = np.empty((shape.units, 1), np.int64)
        mean = np.rint(choice.rates.mean(axis=0)).astype(np.int32)
        unit_costs(choice.q, geometry, 0, choice.plan.unary_length, mean, costs)
        plain = noise + price * costs[:, 0] / ONE_BIT
        books = np.zeros((shape.units, MOST), np.int32)
        sizes = np.zeros(shape.units, np.uint8)
        own_noise, bits = np.empty(shape.units), np.empty(shape.units)
        symbols = np.empty(self.weights.size, np.int32)
        limits = (options.levels, 0 if options.variable_levels else options.levels, 1)
        where = (self.weights, inverse, rounded, geometry, price, symbol_price, limits)
        fit_units(*where, books, sizes, own_noise, bits, symbols)
        able = own_noise < NONE
        with_book = own_noise + price * (np.where(able, bits, 0.0) + _FLAG_BITS)
        flags = (able & (with_book < plain) if options.decide else able).astype(np.uint8)
        by_weight = ClassSearch(self.weights, choice.plan).sets_of(1 - flags) == SKIPPED
        quantized = np.where(by_weight, symbols, choice.q).astype(np.int32)
        entropy = float((bits[flags == 1]).sum()) * price / symbol_price if flags.any() else 0.0
        error = float(np.where(flags == 1, own_noise, noise).sum())
        point = PublishedPoint(
            self._syntax(choice.plan.unary_length),
            UnitData.of(flags, books, sizes),
            quantized,
            qp,
            error,
            int(by_weight.sum()),
        )
        return point, entropy

    def _syntax(self, unary_length: int) -> PublishedSyntax:
        options = self.options
        return PublishedSyntax(
            self.shape,
            unary_length,
            levels=options.levels,
            variable_levels=int(options.variable_levels),
            group_order=options.group_order,
            context_mode=options.context_mode,
            centroid_mode=options.centroid_mode,
            merge=int(options.merge),
        )

    def _step(self, qp: int) -> float:
        return normal_step(qp, self.qp_density)
