"""Tensors of all kinds, small enough for the literal process."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from nnref.codec.entropy import PayloadDecoder, PayloadEncoder, TensorSyntax
from nnref.spec.process.binarization import Bounds
from nnref.spec.process.reconstruct import next_state, quantized_parameter
from nnref.spec.process.scan import block_row_starts, effective_scan_order, segments
from nnref.spec.process.tensor import TensorSyntax as LiteralSyntax
from nnref.spec.tables.enums import Dialect

SEARCHES = ("off", "compatible", "exact")


@dataclass(frozen=True)
class Case:
    """A tensor, all that its coding depends on, and a number coded in front of it."""

    syntax: TensorSyntax
    quantized: np.ndarray
    base: np.ndarray | None = None
    history: np.ndarray | None = None
    row_skip: bool = False
    history_flag: bool = False
    dialect: Dialect = Dialect.NNCODEC_2
    front: tuple[int, int] = (8, -38)

    @property
    def skipped(self):
        """row_skip_list, None without one."""
        if not (self.row_skip and self.syntax.has_flags):
            return None
        rows = self.quantized.reshape(self.syntax.rows, -1)
        return [int(not row.any()) for row in rows]

    @property
    def coded_history_flag(self):
        return int(self.history_flag and self.syntax.has_flags and self.syntax.parent)


def encoder_with(case, search):
    """A payload encoder after the tensor of a case."""
    encoder = PayloadEncoder(case.dialect)
    encoder.iae(*case.front)
    encoder.encode_tensor(
        case.quantized,
        case.syntax,
        shift_search=search,
        row_skip=case.row_skip,
        history_flag=case.history_flag,
        base=case.base,
        history=case.history,
    )
    return encoder


def encode(case, search="off"):
    """Payload and entry points of a codeword with one tensor."""
    encoder = encoder_with(case, search)
    payload = encoder.finish()
    return payload, encoder.entry_points[0]


def decoder_of(case, payload):
    """A payload decoder in front of the tensor of a case."""
    decoder = PayloadDecoder(payload, case.dialect)
    assert decoder.iae(case.front[0]) == case.front[1]
    return decoder


def decode(case, payload, entry_points=None):
    """Quantized parameters of a codeword with one tensor, the decoder's state at its end."""
    decoder = decoder_of(case, payload)
    quantized = decoder.decode_tensor(
        case.syntax, case.base, case.history, entry_points=entry_points
    )
    state = decoder.state
    assert decoder.finish(strict=True) == len(payload)
    return quantized, state


def literal_syntax(case, entry_points=()):
    """The same syntax for the literal process."""
    syntax = case.syntax
    size, zero_offset = syntax.codebook_size, syntax.codebook_zero_offset
    bounded = size > 0 and syntax.profile == 1
    return LiteralSyntax(
        syntax.rows,
        syntax.columns,
        syntax.unary_length,
        syntax.dq_flag,
        syntax.scan_order,
        syntax.profile == 1,
        int(syntax.parent),
        Bounds(zero_offset, size - 1 - zero_offset) if bounded else None,
        None if not syntax.uses_base else case.base.tolist(),
        None if case.history is None else case.history.tolist(),
        list(entry_points),
        case.dialect,
    )


def on_grid(levels, syntax, skipped):
    """Clause 10.3: quantized parameters of levels, in the states of the payload."""
    scan_order = effective_scan_order(syntax.scan_order, syntax.rows, syntax.columns)
    quantized, state = np.zeros(syntax.weights, np.int32), 0
    for first_row in block_row_starts(scan_order, syntax.rows):
        for row, first, columns in segments(scan_order, syntax.rows, syntax.columns, first_row):
            if skipped is not None and skipped[row]:
                for _ in range(syntax.columns):
                    state = next_state(state, 0)
                continue
            for position in range(
                row * syntax.columns + first, row * syntax.columns + first + columns
            ):
                level = int(levels[position])
                quantized[position] = quantized_parameter(level, state)
                state = next_state(state, level)
    return quantized


def _levels(random, syntax):
    if syntax.codebook_size and syntax.profile == 1:
        first = -syntax.codebook_zero_offset
        return random.integers(first, first + syntax.codebook_size, syntax.weights)
    largest = (1 << 30) - 1 if syntax.dq_flag else (1 << 31) - 1
    spread = random.choice([0.3, 1.0, 4.0, 60.0, 0.0])
    if spread == 0:
        return random.integers(-largest - (syntax.dq_flag == 0), largest + 1, syntax.weights)
    return np.rint(random.laplace(0, spread, syntax.weights)).astype(np.int64)


@st.composite
def cases(draw, most_rows=20, most_columns=20):
    """Any tensor of up to most_rows * most_columns weights with any tools."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    profile = draw(st.sampled_from((1, 1, 1, 0)))
    parent = draw(st.booleans())
    codebook_size = draw(st.sampled_from((0, 0, 0, 1, 2, 3, 5, 14, 90))) if profile else 0
    syntax = TensorSyntax(
        rows=draw(st.integers(1, most_rows)),
        columns=draw(st.integers(1, most_columns)),
        unary_length=draw(st.sampled_from((1, 2, 3, 10, 11, 40, 256))),
        dq_flag=draw(st.integers(0, 1)) if codebook_size == 0 else 0,
        scan_order=draw(st.integers(0, 4)),
        profile=profile,
        parent=parent,
        temporal=parent and draw(st.booleans()),
        codebook_size=codebook_size,
        codebook_zero_offset=draw(st.integers(0, codebook_size - 1)) if codebook_size else 0,
    )
    levels = _levels(random, syntax).reshape(syntax.rows, syntax.columns)
    if draw(st.booleans()):
        levels[random.random(syntax.rows) < 0.4] = 0
    levels = levels.reshape(-1)
    case = Case(
        syntax,
        levels.astype(np.int32),
        base=(random.integers(-3, 4, syntax.weights)).astype(np.int32),
        history=(random.random(syntax.weights) < 0.5).astype(np.int8),
        row_skip=draw(st.booleans()),
        history_flag=draw(st.booleans()),
        dialect=Dialect.NNCODEC_2 if profile else draw(st.sampled_from(list(Dialect))),
        front=draw(st.sampled_from(((8, -38), (13, 4095), (31, -(1 << 30)), (1, 0), (2, -2)))),
    )
    if syntax.dq_flag:
        case = replace(case, quantized=on_grid(levels, syntax, case.skipped))
    return case
