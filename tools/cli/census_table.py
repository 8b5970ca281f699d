"""`nnref inspect --census`: layers and parameters of a stream's model by kind."""

from typing import TYPE_CHECKING, Any

from nnref.tools.cli.output import print_table
from nnref.tools.cli.text import count_text

if TYPE_CHECKING:
    from nnref.codec import StreamTensor

_COLUMNS = ("<kind", "layers", "parameters", "share %")


def census_object(tensors: "list[StreamTensor]") -> list[dict[str, Any]]:
    """The JSON form: a kind of layer each."""
    from nnref.tools.experiments.census import census  # noqa: PLC0415

    found = census({tensor.name: tensor.info.shape for tensor in tensors})
    return [
        {
            "kind": kind.name.lower().replace("_", " "),
            "layers": one.layers,
            "parameters": one.parameters,
            "share": one.share,
        }
        for kind, one in found.items()
    ]


def print_census(kinds: list[dict[str, Any]]) -> None:
    """The table; its kinds add up to the model."""
    rows = [
        (
            one["kind"],
            count_text(one["layers"]),
            count_text(one["parameters"]),
            f"{100 * one['share']:.1f}",
        )
        for one in kinds
    ]
    print_table("Census", _COLUMNS, rows)
