"""`nnref calibrate`: which errors the outputs of a network's layers feel."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.failures import warn
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json
from nnref.tools.cli.text import count_text, one_line

if TYPE_CHECKING:
    from nnref.tools.calibrate.curvature import Outputs

_SHOWN: Final = 5
"""Names in a warning, at most."""


@click.command(short_help="Collect moments of a network's inputs, for encode.")
@click.argument("model")
@click.option(
    "-o", "--output", type=click.Path(readable=False), required=True, help="Calibration to write."
)
@click.option(
    "--inputs",
    metavar="FILE",
    type=click.Path(readable=False),
    help=".npz or .safetensors file with inputs of a PATH.py:FACTORY: one array, or one for each "
    "argument of its forward by name.",
)
@click.option(
    "--weights",
    metavar="FILE",
    type=click.Path(readable=False),
    help="Tensor file with the weights of the module.  [default: as FACTORY makes them]",
)
@click.option(
    "--activations",
    metavar="FILE",
    type=click.Path(readable=False),
    help=".npz or .safetensors file with the inputs of layers, by the names of their weights in a "
    "tensor file MODEL.",
)
@click.option(
    "--batch",
    metavar="N",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Inputs that the module is given at a time.",
)
@click.option(
    "--max-memory",
    metavar="N",
    type=click.IntRange(1),
    default=1 << 30,
    show_default=True,
    help="Bytes of the sums; where they do not suffice, the module runs several times.",
)
@click.option(
    "--outputs",
    metavar="KIND",
    type=click.Choice(["auto", "logits", "values", "none"]),
    default="auto",
    show_default=True,
    help="What the module's outputs are, to find what errors of its layers do to them: logits, "
    "values (pictures), or none to let all layers count alike.",
)
@quiet_option
@json_option
def command(
    model: str,
    output: str,
    inputs: str | None,
    weights: str | None,
    activations: str | None,
    batch: int,
    max_memory: int,
    outputs: "Outputs",
    quiet: bool,
    as_json: bool,
) -> None:
    """Collect moments of a network's inputs, for encode: of what its weights are multiplied by.

    MODEL is PATH.py:FACTORY, a function without arguments that returns a torch module, which is
    run with --inputs; or, with --activations, the tensor file of a model. A few hundred inputs will
    do, and they need no labels. `nnref encode --calibration` then needs far fewer bytes for the
    same outputs.
    """
    if (inputs is None) == (activations is None):
        raise refusal("usage", "one of --inputs and --activations is needed")
    left_out: tuple[str, ...] = ()
    if activations is not None:
        if weights is not None:
            raise refusal("usage", "--weights is for a PATH.py:FACTORY, with --inputs")
        from nnref.codec.calibration import collect_activations  # noqa: PLC0415  it loads numpy

        collect_activations(model, activations, output)
    else:
        assert inputs is not None
        options = {"batch": batch, "max_bytes": max_memory, "outputs": outputs}
        left_out = _calibrated(model, weights, inputs, output, options)
    if left_out:
        names = ", ".join(repr(name) for name in left_out[:_SHOWN])
        more = f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
        warn(f"no product was seen of {names}{more}: encoded as without a calibration")
    size = Path(output).stat().st_size
    if as_json:
        found = {"model": model, "calibration": output, "bytes": size, "left_out": list(left_out)}
        print_json("nnref.calibrate/1", found)
    elif not quiet:
        print(f"{one_line(output)}: {count_text(size)} bytes")


def _calibrated(
    program: str, weights: str | None, inputs: str, output: str, options: dict[str, Any]
) -> tuple[str, ...]:
    """Run the module; returns the names of matrices that it does not multiply by."""
    from nnref.codec.model import open_model  # noqa: PLC0415  these load numpy and torch
    from nnref.tools.calibrate import calibrate_module, module_of  # noqa: PLC0415

    module = module_of(program, weights)
    with open_model(inputs) as source:
        arrays = {name: source.read(name) for name in source.names()}
        return calibrate_module(module, arrays, output, **options)
