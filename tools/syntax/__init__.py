"""The syntax as data for people: look up an element, a unit, a clause; export the whole of it."""

from nnref.tools.syntax.answers import Answer, Table, answer
from nnref.tools.syntax.lines import Line, clause_of, lines
from nnref.tools.syntax.markdown import markdown
from nnref.tools.syntax.objects import answer_object
from nnref.tools.syntax.page import page
from nnref.tools.syntax.text import text

__all__ = [
    "Answer",
    "Line",
    "Table",
    "answer",
    "answer_object",
    "clause_of",
    "lines",
    "markdown",
    "page",
    "text",
]
