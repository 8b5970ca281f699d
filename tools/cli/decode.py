"""`nnref decode`: from a stream to a tensor file."""

from collections import Counter
from typing import Any

import click

from nnref import codec
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.failures import warn
from nnref.tools.cli.inputs import refuse_same_file, state_after
from nnref.tools.cli.options import (
    as_coded_option,
    base_option,
    dialect_option,
    jobs_option,
    json_option,
    limit_option,
    out_of_band_option,
    quiet_option,
)
from nnref.tools.cli.output import print_json, progress_bar, warn_findings
from nnref.tools.cli.text import count_text, one_line


@click.command(short_help="Decode an NNR stream to a tensor file.")
@click.argument("stream", type=click.Path(readable=False))
@click.option(
    "-o",
    "--output",
    type=click.Path(readable=False),
    required=True,
    help="Tensor file to write: .safetensors, .npz or .pt.",
)
@base_option
@as_coded_option
@out_of_band_option
@limit_option
@dialect_option
@click.option("--strict", is_flag=True, help="Refuse what a decoder may tolerate.")
@jobs_option
@quiet_option
@json_option
def command(
    stream: str,
    output: str,
    bases: tuple[str, ...],
    as_coded: bool,
    out_of_band: Any,
    limits: Limits,
    dialect: Dialect,
    strict: bool,
    jobs: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Decode an NNR stream to a tensor file.

    Factors and scalings of blocks are multiplied into the weights they belong to, unless --as-coded
    asks for them. The file is written under a temporary name and appears only when everything is
    decoded. An update is decoded as it is coded: it is not added to its base.
    """
    options: dict[str, Any] = {"limits": limits, "dialect": dialect, "strict": strict}
    refuse_same_file(stream, output)
    with progress_bar("decoding", quiet=quiet) as progress:
        state = state_after(bases, options)
        report = codec.decode_file(
            stream,
            output,
            base=state,
            as_coded=as_coded,
            out_of_band=out_of_band,
            progress=progress,
            jobs=jobs,
            **options,
        )
    warn_findings(report.findings)
    _warn_of_dtypes(output, report)
    if as_json:
        print_json(
            "nnref.decode/1",
            {
                "stream": stream,
                "output": output,
                "bytes": report.stream_bytes,
                "tensor_bytes": report.tensor_bytes,
                "tensors": [
                    {
                        "name": tensor.name,
                        "shape": list(tensor.info.shape),
                        "dtype": tensor.info.dtype,
                    }
                    for tensor in report.tensors
                ],
                "findings": [finding.as_dict() for finding in report.findings],
            },
        )
    elif not quiet:
        print(
            f"{one_line(output)}: {len(report.tensors)} tensors, "
            f"{count_text(report.tensor_bytes)} bytes from {count_text(report.stream_bytes)}"
        )


def _warn_of_dtypes(output: str, report: "codec.DecodeReport") -> None:
    """One warning for each data type that the file format has to replace."""
    from nnref.codec.model import stored_dtype  # noqa: PLC0415  it loads numpy

    for dtype, count in Counter(tensor.info.dtype for tensor in report.tensors).items():
        stored = stored_dtype(output, dtype)
        if stored != dtype:
            warn(f"{output}: {count} {dtype} tensors are stored as {stored}")
