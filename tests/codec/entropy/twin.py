"""The encoder's twin: the literal decoding process, asked for bins that it is told.

An engine that knows the tensor answers every question of the process, and codes the answer with
integers of any size. So the twin shares no line with the codec, and its syntax is the process's.
"""

from itertools import pairwise
from types import SimpleNamespace

from nnref.spec.process import Observer
from nnref.spec.process.contexts import (
    abs_level_greater_context,
    abs_remainder_context,
    sig_flag_context,
    sign_flag_context,
)
from nnref.spec.process.probability import Context, reset, state, update
from nnref.spec.process.reconstruct import next_state
from nnref.spec.process.scan import block_row_starts, effective_scan_order, segments
from nnref.spec.process.tensor import contexts_with_shift_idx, tensor_data
from nnref.spec.tables.cabac import PARAMETER_SETS, RANGE_LPS
from tests.codec.entropy.cases import literal_syntax

RESET = None
"""In a list of bins: all contexts are reset."""


class Anything:
    """Entry points that are never wrong."""

    def __ne__(self, other):
        return False

    def __getitem__(self, index):
        return self


class EncodingEngine(Observer):
    """Clause 9.3.6: Encoding. The low register keeps all its bits."""

    def __init__(self, case, shift_idx):
        self.case, self.shift_idx = case, shift_idx
        self.observer = self
        self.bits = SimpleNamespace(position=0)
        self.low, self.range, self.shifts, self.offset = 0, 510, 0, 0
        self.forced = []
        self.bins = []
        self.current = 0

    def weight(self, position, state, neighbour):
        quantized = int(self.case.quantized[position])
        size = abs(quantized)
        if self.case.syntax.dq_flag:
            size = (size + (state & 1)) // 2
        self.current = size if quantized > 0 else -size
        self.state = state

    def block_row(self, first_row, shifts, offset, state):
        self.forced.append((self.shifts, self.low, state))

    def shift(self, count):
        self.low <<= count
        self.shifts += count

    def context_bin(self, contexts, index, element, element_index=None):
        value = self.answer(element, element_index)
        context = contexts[index]
        range_lps = RANGE_LPS[(self.range >> 5) & 7][abs(state(context) >> 7)]
        self.range -= range_lps
        if value != (state(context) >= 0):
            self.low += self.range
            self.range = range_lps
        while self.range < 256:
            self.range *= 2
            self.shift(1)
        update(context, value)
        if element.startswith(("sig", "sign", "abs")):
            self.bins.append((index, value))
        return value

    def bypass_bin(self, element, element_index=None):
        return self.uae(1, element, element_index)

    def uae(self, n, element, element_index=None):
        value = self.answer(element, element_index)
        self.shift(n)
        self.low += self.range * value
        return value

    def force_range(self):
        self.range = 256
        if self.forced:
            self.bins.append(RESET)

    def answer(self, element, index):
        magnitude = abs(self.current)
        remainder = magnitude - self.case.syntax.unary_length
        length = remainder.bit_length() - 1
        match element:
            case "front":
                return self.case.front[1] % (1 << self.case.front[0])
            case "hist_dep_sig_prob_enabled_flag":
                return self.case.coded_history_flag
            case "row_skip_enabled_flag":
                return int(self.case.skipped is not None)
            case "row_skip_list":
                return self.case.skipped[index]
            case "shift_idx_minus_1_present_flag":
                return int(self.shift_idx[index] > 0)
            case "shift_idx_minus_1":
                return int(self.shift_idx[index]) - 1
            case "sig_flag":
                return int(magnitude > 0)
            case "sign_flag":
                return int(self.current < 0)
            case "abs_level_greater_x":
                return int(magnitude > index + 1)
            case "abs_remainder_prefix":
                return int(index < length)
            case "abs_remainder_suffix":
                return remainder - (1 << length)

    def finish(self):
        """Clause 9.3.5: End of payload."""
        number = (self.low + self.range - 2) << 7 >> 8
        bits = self.shifts + 9
        return ((number << 1 | 1) << (-bits % 8)).to_bytes((bits + 7) // 8, "big")


def run(case, shift_idx):
    """The engine after a codeword with one tensor."""
    engine = EncodingEngine(case, shift_idx)
    engine.uae(case.front[0], "front")
    syntax = literal_syntax(case)
    syntax.entry_points = Anything()
    tensor_data(engine, syntax)
    return engine


def entry_points(engine, payload):
    """Clause 9.6.4: Entry points. What a decoder has at the block rows but the first: shifts since
    the one before, offset, DQ state.
    """
    number, bits = int.from_bytes(payload, "big"), 8 * len(payload)
    found = []
    for (before, _, _), (shifts, low, dq_state) in pairwise(engine.forced):
        offset = (number >> (bits - shifts - 9)) - low
        found.append((shifts - before, offset, dq_state))
    return found


def costs(bins, contexts, table):
    """Cost of a list of bins by context and parameter set."""
    found = [[0] * len(PARAMETER_SETS) for _ in range(contexts)]
    estimators = [[Context(i) for i in range(len(PARAMETER_SETS))] for _ in range(contexts)]
    _reset_all(estimators)
    for entry in bins:
        if entry is RESET:
            _reset_all(estimators)
            continue
        index, value = entry
        for i, context in enumerate(estimators[index]):
            found[index][i] += int(table[512 + (state(context) >> 3), value])
            update(context, value)
    return found


def _reset_all(estimators):
    for sets in estimators:
        for context in sets:
            reset(context)


def compatible_choice(case, table):
    """NNCodec 2.1.3's choice: quantized parameters counted as levels, without bounds by the
    codebook, the neighbour kept at block rows, without the flags that send the choice.
    """
    syntax = literal_syntax(case)
    found = costs(compatible_bins(case), 90 + 4 * syntax.unary_length, table)
    chosen = [0] * len(found)
    flags = SimpleNamespace(hist_dep_sig_prob_enabled_flag=case.coded_history_flag)
    for index in contexts_with_shift_idx(syntax, flags):
        best = found[index][0]
        for i in range(1, len(PARAMETER_SETS)):
            if found[index][i] + 3 * 32768 < best:
                best, chosen[index] = found[index][i] + 3 * 32768, i
    return chosen


def compatible_bins(case):
    """The bins that NNCodec 2.1.3 counts."""
    syntax, unary_length = case.syntax, case.syntax.unary_length
    scan_order = effective_scan_order(syntax.scan_order, syntax.rows, syntax.columns)
    dq_state = neighbour = 0
    for first_row in block_row_starts(scan_order, syntax.rows):
        if first_row:
            yield RESET
        for row, first, columns in segments(scan_order, syntax.rows, syntax.columns, first_row):
            if case.skipped is not None and case.skipped[row]:
                for _ in range(syntax.columns * syntax.dq_flag):
                    dq_state = next_state(dq_state, 0)
                continue
            start = row * syntax.columns + first
            for position in range(start, start + columns):
                value = int(case.quantized[position])
                base = int(case.base[position]) if syntax.uses_base else 0
                history = int(case.history[position]) if case.coded_history_flag else 0
                yield sig_flag_context(dq_state, neighbour, base, history), int(value != 0)
                if value:
                    yield sign_flag_context(neighbour, base), int(value < 0)
                    yield from _magnitude_bins(abs(value), int(value < 0), base, unary_length)
                neighbour = value
                if syntax.dq_flag:
                    dq_state = next_state(dq_state, (abs(value) + (dq_state & 1)) // 2)


def _magnitude_bins(magnitude, sign_flag, base, unary_length):
    for x in range(min(magnitude, unary_length)):
        index = abs_level_greater_context(x, sign_flag, base, unary_length)
        yield index, int(magnitude > x + 1)
    if magnitude > unary_length:
        length = (magnitude - unary_length).bit_length() - 1
        for j in range(length + 1):
            yield abs_remainder_context(j, unary_length), int(j < length)
