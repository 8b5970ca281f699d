"""Clause 6.14: the tensor data of one tensor inside an arithmetic codeword."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from nnref.spec.process.binarization import Bounds, Neighbourhood, decode_level
from nnref.spec.process.contexts import new_contexts
from nnref.spec.process.data_unit import EntryPoint
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.probability import Context, reset
from nnref.spec.process.reconstruct import next_state
from nnref.spec.process.refused import Refused
from nnref.spec.process.scan import Segment, block_row_starts, effective_scan_order, segments
from nnref.spec.tables import cabac
from nnref.spec.tables.enums import Dialect


@dataclass(slots=True)
class TensorSyntax:
    """Clause 7.10: Tensor data semantics. What the headers say about one tensor."""

    rows: int
    columns: int
    unary_length: int
    dq_flag: int = 0
    scan_order: int = 0
    edition_2: bool = False
    parent_node_id_present_flag: int = 0
    bounds: Bounds | None = None
    base: list[int] | None = None
    """Base levels, None without temporal contexts (clause 12.3)."""
    history: list[int] | None = None
    """History mask, None where no level was ever decoded (clause 12.4)."""
    entry_points: list[EntryPoint] = field(default_factory=list)
    dialect: Dialect = Dialect.NNCODEC_2

    @property
    def weights(self) -> int:
        """Clause 9.6.1: Matrix view of a tensor. Number of weights."""
        return self.rows * self.columns

    @property
    def one_entry_codebook(self) -> bool:
        """Clause 9.5.3: Bounds by the codebook. With a single entry nothing is coded."""
        return self.bounds is not None and self.bounds.largest == 0


@dataclass(slots=True)
class TensorFlags:
    """Clause 6.14.1: Row skipping and history flags. The defaults are the inferred values."""

    hist_dep_sig_prob_enabled_flag: int = 0
    row_skip_list: list[int] | None = None


@dataclass(slots=True)
class Levels:
    """Clause 6.14.3: Weights. What is decoded, in row-major order, and what the scan carries on.

    `states` holds the DQ state each level was decoded in; what is not coded is 0.
    """

    levels: list[int]
    states: list[int]
    state: int = 0
    neighbour: int = 0


def tensor_data(engine: ArithmeticDecoder, syntax: TensorSyntax) -> Levels:
    """Clause 6.14: Tensor data."""
    contexts = new_contexts(syntax.unary_length)
    if engine.observer is not None:
        engine.observer.contexts(contexts)
    flags = row_skipping_and_history_flags(engine, contexts, syntax)
    shift_parameters(engine, contexts, syntax, flags)
    return weights(engine, contexts, syntax, flags)


def row_skipping_and_history_flags(
    engine: ArithmeticDecoder, contexts: list[Context], syntax: TensorSyntax
) -> TensorFlags:
    """Clause 6.14.1: Row skipping and history flags. For matrices in profile 1."""
    flags = TensorFlags()
    is_matrix = syntax.rows > 1 and syntax.columns > 1
    if not syntax.edition_2 or not is_matrix or syntax.one_entry_codebook:
        return flags
    if syntax.parent_node_id_present_flag == 1:
        flags.hist_dep_sig_prob_enabled_flag = engine.bypass_bin("hist_dep_sig_prob_enabled_flag")
    if engine.bypass_bin("row_skip_enabled_flag") == 1:
        index = cabac.row_skip(syntax.unary_length)
        flags.row_skip_list = [
            engine.context_bin(contexts, index, "row_skip_list", row) for row in range(syntax.rows)
        ]
    return flags


def shift_parameters(
    engine: ArithmeticDecoder, contexts: list[Context], syntax: TensorSyntax, flags: TensorFlags
) -> None:
    """Clause 6.14.2: Shift parameters. The parameter set of every context that can be used."""
    present_index = cabac.shift_idx_present(syntax.unary_length)
    for index in contexts_with_shift_idx(syntax, flags):
        present = engine.context_bin(
            contexts, present_index, "shift_idx_minus_1_present_flag", index
        )
        if present == 1:
            contexts[index].shift_idx = 1 + engine.uae(3, "shift_idx_minus_1", index)
            reset(contexts[index])


def contexts_with_shift_idx(syntax: TensorSyntax, flags: TensorFlags) -> Iterator[int]:
    """Clause 9.7: Shift parameters. The contexts whose shift_idx is sent, in order. The others
    stay in set 0.
    """
    temporal = syntax.base is not None
    length = syntax.unary_length
    bounds = syntax.bounds
    states = 8 if syntax.dq_flag == 1 else 1
    if not syntax.one_entry_codebook:
        yield from range(cabac.SIG_PLAIN, cabac.SIG_PLAIN + 3 * states)
        if temporal:
            yield from range(cabac.SIG_TEMPORAL, cabac.SIG_TEMPORAL + 2 * states)
        if flags.hist_dep_sig_prob_enabled_flag == 1:
            yield from range(cabac.SIG_HISTORY, cabac.SIG_HISTORY + states)
    if bounds is None or (bounds.negative > 0 and bounds.positive > 0):
        yield from range(cabac.SIGN_PLAIN, cabac.SIGN_PLAIN + (5 if temporal else 3))
    used = 2 * length if bounds is None else min(2 * length, 2 * bounds.largest)
    yield from range(cabac.GREATER_PLAIN, cabac.GREATER_PLAIN + used)
    if temporal:
        first = cabac.greater_temporal(length)
        used = 2 * length if bounds is None else min(2 * length, 2 * (bounds.largest - 1))
        yield from range(first, first + used)
    prefix_bins = cabac.REMAINDER_PREFIX_CONTEXTS
    if syntax.dialect == Dialect.NNCODEC_1:
        prefix_bins += 1
    for j in range(prefix_bins):
        if bounds is None or length - 2 + (1 << (j + 1)) < bounds.largest:
            yield cabac.remainder_prefix(length) + j


def weights(
    engine: ArithmeticDecoder, contexts: list[Context], syntax: TensorSyntax, flags: TensorFlags
) -> Levels:
    """Clause 6.14.3: Weights. Block row by block row, segment by segment."""
    decoded = Levels([0] * syntax.weights, [0] * syntax.weights)
    scan_order = effective_scan_order(syntax.scan_order, syntax.rows, syntax.columns)
    starts = block_row_starts(scan_order, syntax.rows)
    if scan_order > 0 and (len(starts) > 1 or syntax.dialect == Dialect.NNCODEC_1):
        engine.force_range()
    shifts = engine.shifts
    for block_row, first_row in enumerate(starts):
        if block_row > 0:
            start_block_row(engine, contexts)
            check_entry_point(engine, syntax, block_row, shifts, decoded.state)
            shifts = engine.shifts
        decoded.neighbour = 0
        if scan_order > 0 and engine.observer is not None:
            engine.observer.block_row(first_row, engine.shifts, engine.offset, decoded.state)
        for segment in segments(scan_order, syntax.rows, syntax.columns, first_row):
            if flags.row_skip_list is not None and flags.row_skip_list[segment.row] == 1:
                decoded.state = state_after_skipped_segment(decoded.state, syntax)
            elif not syntax.one_entry_codebook:
                segment_weights(engine, contexts, syntax, flags, segment, decoded)
    return decoded


def segment_weights(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    syntax: TensorSyntax,
    flags: TensorFlags,
    segment: Segment,
    decoded: Levels,
) -> None:
    """Clause 6.14.3: Weights. The coded weights of one segment."""
    history = syntax.history if flags.hist_dep_sig_prob_enabled_flag == 1 else None
    first = segment.row * syntax.columns + segment.first_column
    for position in range(first, first + segment.columns):
        near = Neighbourhood(
            decoded.state,
            decoded.neighbour,
            0 if syntax.base is None else syntax.base[position],
            0 if history is None else history[position],
        )
        if engine.observer is not None:
            engine.observer.weight(position, near.state, near.neighbour)
        level = decode_level(engine, contexts, near, syntax.unary_length, syntax.bounds)
        if engine.observer is not None:
            engine.observer.level(position, level)
        decoded.levels[position] = level
        decoded.states[position] = near.state
        decoded.neighbour = level
        if syntax.dq_flag == 1:
            decoded.state = next_state(near.state, level)


def start_block_row(engine: ArithmeticDecoder, contexts: list[Context]) -> None:
    """Clause 9.6.3: Block rows. Every one but the first starts afresh, but for the DQ state."""
    for context in contexts:
        reset(context)
    engine.force_range()


def check_entry_point(
    engine: ArithmeticDecoder, syntax: TensorSyntax, block_row: int, shifts: int, state: int
) -> None:
    """Clause 9.6.4: Entry points. They say what a decoder that reads on finds anyway."""
    expected = EntryPoint(engine.offset, state, engine.shifts - shifts)
    if syntax.entry_points[block_row - 1] != expected:
        detail = f"block row {block_row}: {syntax.entry_points[block_row - 1]}, not {expected}"
        raise Refused("entry-point-mismatch", detail, engine.bits.position)


def state_after_skipped_segment(state: int, syntax: TensorSyntax) -> int:
    """Clause 9.6.5: Skipped rows. The DQ state makes one step with parity 0 for every column of
    the tensor, in every segment of the row. Four such steps lead back to where they started.
    """
    if syntax.dq_flag == 1:
        for _ in range(syntax.columns % 4):
            state = next_state(state, 0)
    return state
