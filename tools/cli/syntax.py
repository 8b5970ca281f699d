"""`nnref syntax`: look up an element, a unit, a clause; export the syntax."""

from pathlib import Path
from typing import Final

import click

from nnref.tools.cli.files import text_output
from nnref.tools.cli.options import json_option
from nnref.tools.cli.output import json_text

FORMATS: Final = ("text", "markdown", "html", "json")


@click.command(short_help="Look up an element, a unit or a clause.")
@click.argument("question", metavar="[ELEMENT|UNIT|CLAUSE|RULE]", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="Form of the answer.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [default: stdout]"
)
@json_option
def command(question: str | None, form: str, output: Path | None, as_json: bool) -> None:
    """Look up an element, a unit or a clause.

    Of an element, descriptor, range, condition, place and rules are shown; of a clause also the
    functions of the literal decoder.

    ELEMENT is a syntax element such as dq_flag or a structure such as codebook, UNIT a type such
    as NNR_NDU, CLAUSE a number such as 9.3.2, RULE an id such as codebook-empty. Without any, all
    syntax tables are listed; the other forms than text then hold every element and rule, too.
    """
    from nnref.tools import syntax  # noqa: PLC0415  it loads the declarations

    answer = syntax.answer(question)
    if as_json or form == "json":
        text = json_text("nnref.syntax/1", syntax.answer_object(answer))
    else:
        forms = {"text": syntax.text, "markdown": syntax.markdown, "html": syntax.page}
        text = forms[form](answer)
    with text_output(output) as file:
        print(text, file=file)
