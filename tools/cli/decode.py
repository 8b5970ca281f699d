"""`nnref decode`: from a stream to a tensor file."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nnref import codec
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.beside import Beside, beside_options
from nnref.tools.cli.failures import warn
from nnref.tools.cli.inputs import check_chain, refuse_same_file, state_after
from nnref.tools.cli.options import (
    as_coded_option,
    base_option,
    dialect_option,
    jobs_option,
    json_option,
    limit_option,
    out_of_band_option,
    quiet_option,
    semantics_option,
)
from nnref.tools.cli.output import print_json, progress_bar, warn_findings
from nnref.tools.cli.text import count_text, one_line

if TYPE_CHECKING:
    from nnref.codec.model import TensorInfo


@click.command(short_help="Decode an NNR stream to a tensor file.")
@click.argument("streams", metavar="STREAM [UPDATE]...", type=click.Path(), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(),
    required=True,
    help="Tensor file to write: .safetensors, .npz or .pt.",
)
@semantics_option
@base_option
@as_coded_option
@out_of_band_option
@limit_option
@dialect_option
@beside_options
@click.option(
    "--skip-aggregates",
    is_flag=True,
    help="Leave out what aggregate units hold instead of refusing them.",
)
@click.option("--strict", is_flag=True, help="Refuse what a decoder may tolerate.")
@jobs_option
@quiet_option
@json_option
def command(
    streams: tuple[str, ...],
    output: str,
    semantics: str | None,
    bases: tuple[str, ...],
    as_coded: bool,
    out_of_band: Any,
    beside: Beside,
    skip_aggregates: bool,
    limits: Limits,
    dialect: Dialect,
    strict: bool,
    jobs: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Decode an NNR stream to a tensor file.

    Factors and scalings of blocks are multiplied into the weights they belong to, unless --as-coded
    asks for them. UPDATEs, oldest first, are added to the model that STREAM holds. An update alone
    is decoded as it is coded; --base names the streams before it, to which it is not added.
    The file is written under a temporary name and appears only when everything is decoded.
    """
    options: dict[str, Any] = {"limits": limits, "dialect": dialect, "strict": strict}
    options |= {"out_of_band": out_of_band, "skip_aggregates": skip_aggregates}
    for stream in streams:
        for target in (output, *beside.paths):
            refuse_same_file(stream, target)
    of_one = {"--as-coded": as_coded, "--base": bases} | dict.fromkeys(beside.options, True)
    check_chain(streams, semantics, of_one)
    if len(streams) > 1:
        found = _chain(streams, output, semantics or "cumulative", options)
    else:
        with progress_bar("decoding", quiet=quiet) as progress:
            state = state_after(bases, options)
            found = _single(
                codec.decode_file(
                    streams[0],
                    output,
                    base=state,
                    as_coded=as_coded,
                    progress=progress,
                    jobs=jobs,
                    **options,
                )
            )
    if beside.options:
        beside.write(codec.open_stream(streams[0], **options))
    _tell(streams, output, found, quiet, as_json)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """What was written."""

    tensors: dict[str, "TensorInfo"]
    stream_bytes: int
    findings: "tuple[codec.NnrError, ...]"


def _chain(
    streams: tuple[str, ...], output: str, semantics: str, options: dict[str, Any]
) -> _Decoded:
    chain = codec.decode_chain_file(streams, output, semantics=semantics, **options)
    return _Decoded(chain.infos(), chain.size, chain.findings)


def _single(report: "codec.DecodeReport") -> _Decoded:
    infos = {tensor.name: tensor.info for tensor in report.tensors}
    return _Decoded(infos, report.stream_bytes, report.findings)


def _tell(
    streams: tuple[str, ...], output: str, found: _Decoded, quiet: bool, as_json: bool
) -> None:
    warn_findings(found.findings)
    _warn_of_dtypes(output, found)
    tensor_bytes = sum(info.nbytes for info in found.tensors.values())
    if as_json:
        print_json(
            "nnref.decode/1",
            {
                "stream": streams[0],
                "updates": list(streams[1:]),
                "output": output,
                "bytes": found.stream_bytes,
                "tensor_bytes": tensor_bytes,
                "tensors": [
                    {"name": name, "shape": list(info.shape), "dtype": info.dtype}
                    for name, info in found.tensors.items()
                ],
                "findings": [finding.as_dict() for finding in found.findings],
            },
        )
    elif not quiet:
        print(
            f"{one_line(output)}: {len(found.tensors)} tensors, "
            f"{count_text(tensor_bytes)} bytes from {count_text(found.stream_bytes)}"
        )


def _warn_of_dtypes(output: str, found: _Decoded) -> None:
    """One warning for each data type that the file format has to replace."""
    from nnref.codec.model import stored_dtype  # noqa: PLC0415  it loads numpy

    for dtype, count in Counter(info.dtype for info in found.tensors.values()).items():
        stored = stored_dtype(output, dtype)
        if stored != dtype:
            warn(f"{output}: {count} {dtype} tensors are stored as {stored}")
