"""The files that `nnref decode` writes of what a stream carries beside tensors."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref.tools.cli.output_formats import write_output_formats
from nnref.tools.cli.parameters import write_parameters
from nnref.tools.cli.quantization_data import write_quantization_data
from nnref.tools.cli.topology import write_topology

if TYPE_CHECKING:
    from nnref.codec import Stream

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Beside:
    """Where to write what; None: nowhere."""

    parameters: Path | None
    topology: Path | None
    quantization_data: Path | None
    output_formats: Path | None

    @property
    def options(self) -> list[str]:
        """The options that were given."""
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        return [f"--{name.replace('_', '-')}" for name in given]

    @property
    def paths(self) -> list[str]:
        """The files to be written."""
        given = (getattr(self, field.name) for field in fields(self))
        return [str(path) for path in given if path is not None]

    def write(self, stream: "Stream") -> None:
        """Write what was asked for.

        Raises UsageError topology-choice, quantization-data-choice where the stream has no such
        thing, or several; NnrError for what cannot be unpacked; FileError file-write.
        """
        if self.parameters is not None:
            write_parameters(self.parameters, stream.parameters)
        if self.topology is not None:
            write_topology(self.topology, stream.topologies, stream.limits)
        if self.quantization_data is not None:
            write_quantization_data(self.quantization_data, stream.quantization_data)
        if self.output_formats is not None:
            write_output_formats(self.output_formats, stream.output_formats)


def beside_options(command: Command) -> Command:
    """The options for these files; the command is given `beside`."""

    @wraps(command)
    def with_beside(*arguments: Any, **options: Any) -> Any:
        paths = {field.name: options.pop(field.name) for field in fields(Beside)}
        return command(*arguments, beside=Beside(**paths), **options)

    decorated: Command = with_beside
    for name, text in (
        ("--output-formats", "Write the formats of layer outputs as JSON."),
        ("--quantization-data", "Write the content of the quantization unit to this file."),
        ("--topology", "Write the topology that the stream carries to this file, unpacked."),
        ("--parameters", "Write base model, validation performance and performance maps as JSON."),
    ):
        path = click.Path(path_type=Path)
        decorated = click.option(name, metavar="FILE", type=path, help=text)(decorated)
    return decorated
