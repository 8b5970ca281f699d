"""`nnref plan`: what a model would take at several qualities, without encoding it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref import codec
from nnref.spec.errors import refusal
from nnref.tools.cli.options import jobs_option, json_option
from nnref.tools.cli.output import print_json, print_table
from nnref.tools.cli.text import count_text, finite_or_none, number_text, one_line, ratio_text

if TYPE_CHECKING:
    from nnref.codec import Prediction

Command = Callable[..., Any]

Setting = tuple[str, float | int]
"""What asks for the quality, and its value."""

DEFAULTS: Final = (10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
"""dB."""
_COLUMNS: Final = ("<quality", "bytes", "bits/weight", "ratio", "lowest SQNR")


def _list_option(
    name: str, number: type[float] | type[int], help_text: str
) -> Callable[[Command], Command]:
    callback = _numbers(number)
    return click.option(name, metavar="X,Y,...", callback=callback, help=help_text)


def _numbers(number: type[float] | type[int]) -> Callable[..., list[Any]]:
    def converted(_ctx: click.Context, _param: click.Parameter, text: str | None) -> list[Any]:
        try:
            return [number(each) for each in text.split(",")] if text is not None else []
        except ValueError:
            raise click.BadParameter(f"{text!r} is no list of numbers with commas") from None

    return converted


@click.command(short_help="Predict sizes and qualities, without encoding.")
@click.argument("model", type=click.Path(readable=False))
@_list_option("--sqnr", float, "Qualities in dB.  [default: 10,15,20,25,30,35,40]")
@_list_option("--step", float, "Qualities as steps.")
@_list_option("--qp", int, "Qualities as quantization parameters.")
@click.option("--tensors", is_flag=True, help="List every tensor.")
@click.option("--effort", type=click.Choice(["fast", "default", "best"]), help="As of encode.")
@click.option("--lambda", "rd_lambda", metavar="F", type=float, help="As of encode.")
@click.option("--dq/--no-dq", default=None, help="As of encode.")
@click.option("--scan-order", type=click.IntRange(0, 4), help="As of encode.")
@click.option(
    "--rules",
    "rules_file",
    type=click.Path(path_type=Path, readable=False),
    help="As of encode.",
)
@jobs_option
@json_option
def command(
    model: str,
    sqnr: list[float],
    step: list[float],
    qp: list[int],
    tensors: bool,
    rules_file: Path | None,
    jobs: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Predict sizes and qualities, without encoding.

    MODEL is as for encode. Tensors of at most 8192 numbers are counted exactly, of larger ones a
    sample is coded. Options that are not here, such as --blocks and --codebook, are not predicted.
    """
    from nnref.tools.cli.rules import read_rules  # noqa: PLC0415  it loads numpy

    asked = _asked(sqnr, step, qp)
    given: dict[str, Any] = {n: value for n, value in options.items() if value is not None}
    given["rules"] = read_rules(rules_file) if rules_file is not None else ()
    found = [codec.predict(model, jobs=jobs, **given | {name: value}) for name, value in asked]
    if as_json:
        plans = [_object(each, one) for each, one in zip(asked, found, strict=True)]
        print_json("nnref.plan/1", {"model": model, "plans": plans})
        return
    if tensors:
        _print_tensors(asked, found)
    rows = [_row(each, one) for each, one in zip(asked, found, strict=True)]
    print_table(one_line(model), _COLUMNS, rows)


def _asked(sqnr: list[float], step: list[float], qp: list[int]) -> list[Setting]:
    lists: dict[str, Any] = {"sqnr": sqnr, "step": step, "qp": qp}
    given = {name: values for name, values in lists.items() if values}
    if len(given) > 1:
        raise refusal("usage", f"one of {' and '.join(f'--{name}' for name in given)}")
    (name, values), *_ = [*given.items(), ("sqnr", DEFAULTS)]
    return [(name, value) for value in values]


def _label(setting: Setting) -> str:
    name, value = setting
    return f"{value:g} dB" if name == "sqnr" else f"{name} {value:g}"


def _row(setting: Setting, prediction: "Prediction") -> tuple[str, ...]:
    return (
        _label(setting),
        count_text(prediction.total_bytes),
        number_text(prediction.bits_per_weight),
        ratio_text(prediction.original_bytes, prediction.total_bytes),
        number_text(prediction.lowest_sqnr, 1),
    )


def _print_tensors(asked: list[Setting], found: list["Prediction"]) -> None:
    columns = ["<tensor", *(head for each in asked for head in (_label(each), "dB"))]
    rows = []
    for of_one in zip(*(prediction.tensors for prediction in found), strict=True):
        cells = ((count_text(t.unit_bytes), number_text(t.sqnr, 1)) for t in of_one)
        rows.append([of_one[0].name, *(cell for pair in cells for cell in pair)])
    print_table("Tensors, bytes", columns, rows)


def _object(setting: Setting, prediction: "Prediction") -> dict[str, Any]:
    name, value = setting
    return {
        name: value,
        "bytes": prediction.total_bytes,
        "bits_per_weight": prediction.bits_per_weight,
        "lowest_sqnr": finite_or_none(prediction.lowest_sqnr),
        "tensors": [
            {
                "name": tensor.name,
                "bytes": tensor.unit_bytes,
                "qp": tensor.qp,
                "sqnr": finite_or_none(tensor.sqnr),
                "exact": tensor.exact,
            }
            for tensor in prediction.tensors
        ],
    }
