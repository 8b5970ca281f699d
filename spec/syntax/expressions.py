"""Clause 4.2: conditions, counts and inferred values, as expressions that can be shown.

They are construct's `this` expressions: called with the elements read so far they give a value,
`text` prints them as a syntax table does, and their `repr` is the Python source the code
generator uses. `stream` names what earlier units and the caller established.
"""

import operator
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from construct.core import this
from construct.expr import BinExpr, ExprMixin, UniExpr, opnames

stream: Final = this._params
"""Elements of earlier units, for example `stream.general_profile_idc`."""

_STEP: Final = re.compile(r"\['(\w+)'\]")
_SCOPES: Final = {"_params": "params[{!r}]", "_": "outer[{!r}]"}
_SHOWN: Final = {operator.and_: "&&", operator.or_: "||", operator.not_: "!"}
_PYTHON: Final = {operator.and_: "and", operator.or_: "or", operator.not_: "not "}

_COMPARISONS: Final = {getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")}
_ARITHMETIC: Final = {operator.add, operator.sub, operator.mod}

FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {}
"""The functions behind derived values, by name: the generated code calls them."""


class Derived(ExprMixin):
    """A value that a function computes from the elements: `function(elements, stream)`."""

    def __init__(self, function: Callable[[Any, Any], Any], title: str) -> None:
        self.function = function
        self.title = title
        FUNCTIONS[function.__name__] = function

    def __call__(self, context: Any, *_: Any) -> Any:
        """The value, from construct's context."""
        return self.function(context, context["_params"])

    def __repr__(self) -> str:
        return f"{self.function.__name__}(this, params)"


def derived(title: str) -> Callable[[Callable[[Any, Any], Any]], Derived]:
    """Decorator: the function becomes a `Derived` that prints as `title`."""
    return lambda function: Derived(function, title)


def source(expression: Any) -> str:
    """Python source, for the generated code.

    An element of the same structure is a local of its name; `this`, `params`, `outer` and `index`
    are the elements so far, `stream`, the elements around the structure, the place in a list.
    """
    return _render(expression, _PYTHON, _path_source)


def text(expression: Any) -> str:
    """The expression as a syntax table shows it."""
    return _render(expression, _SHOWN, _path_text)


def _render(expression: Any, logical: dict[Any, str], leaf: Callable[[Any], str]) -> str:
    if isinstance(expression, BinExpr):
        operator_ = logical[expression.op] if _is_logical(expression) else opnames[expression.op]
        left, right = (
            f"({_render(item, logical, leaf)})" if needs else _render(item, logical, leaf)
            for item, needs in (
                (expression.lhs, _needs_parentheses(expression, expression.lhs, associative=True)),
                (expression.rhs, _needs_parentheses(expression, expression.rhs)),
            )
        )
        return f"{left} {operator_} {right}"
    if isinstance(expression, UniExpr):
        return f"{logical[expression.op]}({_render(expression.operand, logical, leaf)})"
    return leaf(expression)


def _is_logical(expression: BinExpr) -> bool:
    """&& and ||; with a number on the right & is the bitwise operator."""
    return expression.op in _SHOWN and isinstance(expression.rhs, ExprMixin)


def _needs_parentheses(parent: BinExpr, item: Any, associative: bool = False) -> bool:
    if not isinstance(item, BinExpr):
        return False
    if item.op in _COMPARISONS:
        return not _is_logical(parent)
    if item.op in _ARITHMETIC and parent.op in _COMPARISONS:
        return False
    return not (associative and item.op == parent.op)


def _path_source(expression: Any) -> str:
    if not isinstance(expression, ExprMixin) or isinstance(expression, Derived):
        return repr(expression)
    *scope, name = _STEP.findall(repr(expression))
    if scope:
        return str(_SCOPES[scope[0]].format(name))
    return "index" if name == "_index" else str(name)


def _path_text(expression: Any) -> str:
    if isinstance(expression, Derived):
        return expression.title
    if not isinstance(expression, ExprMixin):
        return "absent" if expression is None else str(expression)
    name = str(_STEP.findall(repr(expression))[-1])
    return "j" if name == "_index" else name


def terms(expression: Any) -> Iterator[Any]:
    """The elements and derived values the expression is made of, each once, in order."""
    seen = set()
    for term in _terms(expression):
        if repr(term) not in seen:
            seen.add(repr(term))
            yield term


def _terms(expression: Any) -> Iterator[Any]:
    if isinstance(expression, BinExpr):
        yield from _terms(expression.lhs)
        yield from _terms(expression.rhs)
    elif isinstance(expression, UniExpr):
        yield from _terms(expression.operand)
    elif isinstance(expression, ExprMixin):
        yield expression
