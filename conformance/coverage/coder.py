"""Clauses 9 and 10.3: contexts, tables and transitions of the coder, and which ones occurred."""

from functools import cache
from typing import Final

from nnref.spec.process import Observer
from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.probability import Context
from nnref.spec.tables import cabac
from nnref.spec.tables.private_units import METHOD_UNIT

CODED: Final = {
    "sig_flag": ("9.5.1", 2),
    "sign_flag": ("9.5.1", 2),
    "abs_level_greater_x": ("9.5.2", 2),
    "abs_remainder_prefix": ("9.5.4", 2),
    "row_skip_enabled_flag": ("6.14.1", 2),
    "row_skip_list": ("6.14.1", 2),
    "hist_dep_sig_prob_enabled_flag": ("6.14.1", 2),
    "shift_idx_minus_1_present_flag": ("6.14.2", 2),
    "shift_idx_minus_1": ("6.14.2", 8),
}
"""Elements of the codeword: clause and number of values."""
LISTED_X: Final = 12
"""Greater-than flags that are items of their own: x from 0."""
STATES: Final = 8


@cache
def coder_items() -> dict[str, str]:
    """Every item about the coder with its clause."""
    items = {
        f"element {name} = {value}": clause
        for name, (clause, values) in CODED.items()
        for value in range(values)
    }
    items |= {f"element qp_delta {label}": "7.3.2" for label in ("least", "zero", "greatest")}
    for name in context_names():
        items |= {f"context {name} bin {value}": "9.4.2" for value in (0, 1)}
    for index in range(len(cabac.RANGE_LPS[0])):
        for more in (0, 1):
            for value in (0, 1):
                items[f"state {index} more probable {more} bin {value}"] = "9.2.1"
        for quarter in range(len(cabac.RANGE_LPS)):
            for path in ("less", "more"):
                items[f"rangeLps [{quarter}][{index}] {path} probable"] = "9.3.2"
        for estimator in ("fast", "slow"):
            items[f"transition {estimator} [{index}]"] = "9.2.3"
    for number in range(len(cabac.PARAMETER_SETS)):
        items |= {f"set {number} bin {value}": "9.2.2" for value in (0, 1)}
    for state in range(STATES):
        items |= {f"trellis state {state} parity {parity}": "10.3" for parity in (0, 1)}
    return items


@cache
def context_names() -> tuple[str, ...]:
    """The contexts by what they stand for."""
    names = [f"sig_flag state {s} after {n}" for s in range(STATES) for n in _SIGNS]
    names += [f"sig_flag state {s} base {b}" for s in range(STATES) for b in ("1", "above 1")]
    names += [f"sig_flag state {s} history" for s in range(STATES)]
    names += [f"sign_flag after {n}" for n in _SIGNS]
    names += [f"sign_flag base {n}" for n in _SIGNS[1:]]
    names += [f"greater {x} {s}" for x in range(LISTED_X) for s in ("positive", "negative")]
    names += [f"greater {x} base {b}" for x in range(LISTED_X) for b in ("not below x", "below x")]
    names += [f"remainder prefix {j}" for j in range(cabac.REMAINDER_PREFIX_CONTEXTS)]
    return (*names, "shift_idx_minus_1_present_flag", "row_skip_list")


_SIGNS: Final = ("zero", "negative", "positive")


def context_name(index: int, unary_length: int) -> str:
    """Clause 9.4.1: what a context stands for; empty for flags beyond those listed."""
    if index < cabac.SIG_TEMPORAL:
        return f"sig_flag state {index // 3} after {_SIGNS[index % 3]}"
    if index < cabac.SIG_HISTORY:
        state, large = divmod(index - cabac.SIG_TEMPORAL, 2)
        return f"sig_flag state {state} base {'above 1' if large else '1'}"
    if index < cabac.SIGN_PLAIN:
        return f"sig_flag state {index - cabac.SIG_HISTORY} history"
    if index < cabac.SIGN_TEMPORAL:
        return f"sign_flag after {_SIGNS[index - cabac.SIGN_PLAIN]}"
    if index < cabac.GREATER_PLAIN:
        return f"sign_flag base {_SIGNS[1 + index - cabac.SIGN_TEMPORAL]}"
    return _later_context_name(index, unary_length)


def _later_context_name(index: int, unary_length: int) -> str:
    """Those whose index depends on the unary length."""
    if index == cabac.shift_idx_present(unary_length):
        return "shift_idx_minus_1_present_flag"
    if index == cabac.row_skip(unary_length):
        return "row_skip_list"
    if index >= cabac.remainder_prefix(unary_length):
        return f"remainder prefix {index - cabac.remainder_prefix(unary_length)}"
    if index < cabac.greater_temporal(unary_length):
        x, negative = divmod(index - cabac.GREATER_PLAIN, 2)
        return f"greater {x} {'negative' if negative else 'positive'}" if x < LISTED_X else ""
    x, below = divmod(index - cabac.greater_temporal(unary_length), 2)
    return f"greater {x} base {'below x' if below else 'not below x'}" if x < LISTED_X else ""


class CoderWatch(Observer):
    """Collects the items of the coder that a stream reaches."""

    def __init__(self) -> None:
        self.reached: set[str] = set()
        self._contexts: list[Context] = []
        self._before: dict[int, tuple[int, int]] = {}
        self._unary_length = 1
        self._trellis = False
        self._state = 0
        self._density = 0
        self._named = True

    def unit(self, index: int, nnr_unit_type: int, bit: int, size: int) -> None:  # noqa: ARG002
        """Methods have contexts of their own: theirs are not told apart."""
        self._named = nnr_unit_type != METHOD_UNIT

    def element(self, path: str, bit: int, length: int, value: int | float | str | bytes) -> None:  # noqa: ARG002
        """Dependent quantization is known from the header."""
        if path == "dq_flag":
            self._trellis = value == 1
        if path.endswith("qp_density"):
            self._density = int(value)

    def engine(self, engine: ArithmeticDecoder) -> None:  # noqa: ARG002
        """A codeword begins: no contexts yet."""
        self._contexts = []

    def contexts(self, contexts: list[Context]) -> None:
        """The contexts of a tensor: their number tells the unary length."""
        self._contexts = contexts
        self._before = {}
        self._unary_length = (len(contexts) - cabac.context_count(0)) // 4

    def weight(self, position: int, state: int, neighbour: int) -> None:  # noqa: ARG002
        """A weight begins."""
        self._state = state

    def level(self, position: int, level: int) -> None:  # noqa: ARG002
        """A weight ends: the state moves on."""
        if self._trellis:
            self.reached.add(f"trellis state {self._state} parity {level & 1}")

    def coded_element(self, element: str, index: int | None, value: int) -> None:  # noqa: ARG002
        """An element of bypass bins."""
        if element == "qp_delta":
            half = 1 << (5 + self._density)
            labels = {-half: "least", 0: "zero", half - 1: "greatest"}
            self.reached |= {f"element qp_delta {labels[value]}"} if value in labels else set()
        elif element in CODED:
            self.reached.add(f"element {element} = {value}")

    def bin(
        self,
        kind: str,
        element: str,
        index: int | None,  # noqa: ARG002
        context: int | None,
        state: int | None,
        range_: int,
        offset: int,  # noqa: ARG002
        value: int,
    ) -> None:
        """A bin."""
        if kind == "bypass" and element in CODED and CODED[element][1] == 2:
            self.reached.add(f"element {element} = {value}")
        if context is None or state is None:
            return
        more = int(state >= 0)
        cell = f"[{(range_ >> 5) & 7}][{abs(state >> 7)}]"
        path = "more" if value == more else "less"
        name = context_name(context, self._unary_length)
        if name and self._named:
            self.reached.add(f"context {name} bin {value}")
        self.reached |= {
            f"element {element} = {value}",
            f"state {abs(state >> 7)} more probable {more} bin {value}",
            f"rangeLps {cell} {path} probable",
            f"set {self._contexts[context].shift_idx} bin {value}",
        }
        self._transition(context, state, value)

    def _transition(self, index: int, state: int, value: int) -> None:
        """Clause 9.2.3: which entries of the table moved the two estimators."""
        context = self._contexts[index]
        _, _, *start = cabac.PARAMETER_SETS[context.shift_idx]
        fast, slow = self._before.get(index, start)
        if 16 * fast + slow != state:  # it was reset in between
            fast, slow = start
        sign = 1 if value == 1 else -1
        self.reached.add(f"transition fast [{16 + (sign * fast >> 3)}]")
        self.reached.add(f"transition slow [{16 + (sign * slow >> 7)}]")
        self._before[index] = (context.fast, context.slow)
