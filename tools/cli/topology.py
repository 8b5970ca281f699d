"""Options for the topology that a stream carries beside tensors (clause 7.6)."""

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from nnref.spec.errors import refusal
from nnref.spec.tables.enums import TopologyStorageFormat
from nnref.spec.tables.private_units import SAFETENSORS_HEADER
from nnref.tools.cli.files import read_bytes

if TYPE_CHECKING:
    from nnref.codec import Limits, Topology

Command = Callable[..., Any]

FORMATS: Final = {
    "unrecognized": int(TopologyStorageFormat.NNR_TPL_UNREC),
    "nnef": int(TopologyStorageFormat.NNR_TPL_NNEF),
    "onnx": int(TopologyStorageFormat.NNR_TPL_ONNX),
    "pytorch": int(TopologyStorageFormat.NNR_TPL_PYT),
    "tensorflow": int(TopologyStorageFormat.NNR_TPL_TEF),
    "pruning": int(TopologyStorageFormat.NNR_TPL_PRUN),
    "safetensors": SAFETENSORS_HEADER,
}
_SUFFIXES: Final = {
    ".nnef": "nnef",
    ".onnx": "onnx",
    ".pt": "pytorch",
    ".pt2": "pytorch",
    ".pth": "pytorch",
    ".pb": "tensorflow",
    ".safetensors": "safetensors",
}


def topology_options(command: Command) -> Command:
    """`--topology`, `--topology-format`, `--topology-deflate` of a command that encodes.

    The command is given `topologies`, None where there are none.
    """

    @wraps(command)
    def with_topologies(
        *arguments: Any,
        topology: Path | None,
        topology_format: str | None,
        topology_deflate: bool,
        **options: Any,
    ) -> Any:
        if topology is None and (topology_format or topology_deflate):
            text = "--topology-format and --topology-deflate need --topology"
            raise click.UsageError(text, click.get_current_context())
        if topology is None:
            return command(*arguments, topologies=None, **options)
        found = read_topology(topology, topology_format, topology_deflate)
        return command(*arguments, topologies=(found,), **options)

    decorators = (
        click.option(
            "--topology",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Carry this file as the topology; of .safetensors the header alone.",
        ),
        click.option(
            "--topology-format",
            type=click.Choice(list(FORMATS)),
            help="What that file is.  [default: by its suffix]",
        ),
        click.option("--topology-deflate", is_flag=True, help="Pack the topology."),
    )
    decorated: Command = with_topologies
    for decorator in reversed(decorators):
        decorated = decorator(decorated)
    return decorated


def read_topology(path: Path, name: str | None, deflate: bool) -> "Topology":
    """The topology that a file is; its suffix says of which format, if `name` does not.

    Raises FileError file-not-found, and of a safetensors file file-format.
    """
    from nnref.codec import Topology  # noqa: PLC0415  it loads numpy

    name = name or _SUFFIXES.get(path.suffix.lower(), "unrecognized")
    if name == "safetensors":
        return Topology.of_safetensors(path, deflate=deflate)
    return Topology.of(read_bytes(path), FORMATS[name], deflate=deflate)


def write_topology(path: Path, topologies: "Sequence[Topology]", limits: "Limits") -> None:
    """Write the content of the one topology that is not empty.

    Raises UsageError topology-choice where there is not one, NnrError for what cannot be
    unpacked, FileError file-write.
    """
    from nnref.codec.model import atomic_write  # noqa: PLC0415  it loads numpy

    found = [topology for topology in topologies if topology.data]
    if len(found) != 1:
        formats = ", ".join(topology.format_name for topology in found) or "none"
        raise refusal("topology-choice", f"topologies with data: {formats}")
    content = found[0].content(limits)
    with atomic_write(path) as file:
        file.write(content)


def topology_object(topology: "Topology") -> dict[str, Any]:
    """The JSON form of a topology, without its data."""
    return {
        "topology_storage_format": topology.topology_storage_format,
        "format": topology.format_name,
        "topology_compression_format": topology.topology_compression_format,
        "bytes": len(topology.data),
    }


def topology_text(topology: "Topology") -> str:
    """The same for people."""
    packed = ", packed" if topology.topology_compression_format else ""
    return f"{topology.format_name}, {len(topology.data)} bytes{packed}"
