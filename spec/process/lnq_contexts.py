"""Clause 15.1.6: the contexts of local non-linear quantization."""

from nnref.spec.process.binarization import Bounds
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.probability import Context, reset
from nnref.spec.process.tensor import TensorFlags, TensorSyntax, contexts_with_shift_idx
from nnref.spec.tables import cabac
from nnref.spec.tables.lnq import CONTROL_CONTEXTS


def lnq_contexts(sets: int, unary_length: int) -> list[Context]:
    """Clause 15.1.6: Contexts of LNQ. Those of the units, then so many sets as tensor data has."""
    return [Context() for _ in range(set_start(sets, unary_length))]


def set_start(number: int, unary_length: int) -> int:
    """Clause 15.1.6: Contexts of LNQ. The first context of a set."""
    return CONTROL_CONTEXTS + number * cabac.context_count(unary_length)


def lnq_shift_parameters(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    number: int,
    syntax: TensorSyntax,
) -> None:
    """Clause 15.1.6: Contexts of LNQ. Parameter sets of one context set, as in clause 6.14.2."""
    first = set_start(number, syntax.unary_length)
    present_index = first + cabac.shift_idx_present(syntax.unary_length)
    for place in contexts_with_shift_idx(syntax, TensorFlags()):
        index = first + place
        present = engine.context_bin(
            contexts, present_index, "shift_idx_minus_1_present_flag", index
        )
        if present == 1:
            contexts[index].shift_idx = 1 + engine.uae(3, "shift_idx_minus_1", index)
            reset(contexts[index])


def set_syntax(unary_length: int, dq_flag: int, bounds: Bounds | None) -> TensorSyntax:
    """Clause 15.1.6: Contexts of LNQ. Of tensor data, what the contexts of a set depend on."""
    return TensorSyntax(1, 1, unary_length, dq_flag, edition_2=True, bounds=bounds)


def reset_set(contexts: list[Context], number: int, unary_length: int) -> None:
    """Clause 15.1.6: Contexts of LNQ. A set starts afresh, each context in its parameter set."""
    for index in range(set_start(number, unary_length), set_start(number + 1, unary_length)):
        reset(contexts[index])
