"""`nnref conformance shrink`: the smallest stream that a decoder still gets wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.errors import refusal
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.conformance.options import decoder_options, make_decoder, suite_option
from nnref.tools.cli.files import read_bytes
from nnref.tools.cli.inputs import refuse_same_file
from nnref.tools.cli.options import (
    base_option,
    dialect_option,
    json_option,
    out_of_band_option,
    quiet_option,
)
from nnref.tools.cli.output import print_json, progress_bar
from nnref.tools.cli.text import one_line

if TYPE_CHECKING:
    from nnref.conformance.runner import Case
    from nnref.conformance.shrink import Shrunk


@click.command(short_help="Find the smallest stream that a decoder still gets wrong.")
@click.argument("stream")
@decoder_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help="Stream to write.",
)
@base_option
@out_of_band_option
@dialect_option
@suite_option
@click.option(
    "--tries",
    type=click.IntRange(1),
    default=2000,
    show_default=True,
    help="Runs of the decoder at most.",
)
@quiet_option
@json_option
def command(
    stream: str,
    decoder: str | None,
    adapter: str | None,
    peer_python: Path | None,
    file_format: str,
    start_seconds: float | None,
    start_memory: int,
    output: Path,
    bases: tuple[str, ...],
    out_of_band: Any,
    dialect: Dialect,
    suite: Path | None,
    tries: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Find the smallest stream that a decoder still gets wrong, and print its listing.

    STREAM is a file, or the id of a case of the suite. Units, members of blocks, rows, columns,
    levels and elements are left out or made smaller, the stream is encoded anew each time, and
    the literal decoder says what it holds. A crash stays a crash, a hang a hang.
    """
    from nnref.codec.model import atomic_write  # noqa: PLC0415  these load numpy
    from nnref.conformance.shrink import shrink  # noqa: PLC0415

    refuse_same_file(stream, str(output))
    if Path(stream).is_file():
        case = _file_case(Path(stream), bases, out_of_band or {}, dialect)
    else:
        case = _suite_case(stream, suite)
    tested = make_decoder(decoder, adapter, peer_python, file_format, start_seconds, start_memory)
    try:
        with progress_bar("shrinking", quiet=quiet) as progress:
            shrunk = shrink(tested, case, most_tries=tries, progress=progress)
    finally:
        tested.close()
    with atomic_write(output) as file:
        file.write(shrunk.stream)
    lines = list(_listing(shrunk))
    if as_json:
        print_json("nnref.conformance.shrink/1", _object(shrunk, output, lines))
        return
    for line in lines:
        print(line)
    if not quiet:
        _print_summary(shrunk, output)


def _file_case(
    path: Path, bases: tuple[str, ...], out_of_band: Mapping[str, Any], dialect: Dialect
) -> "Case":
    from nnref.conformance.runner import Case  # noqa: PLC0415  it loads numpy
    from nnref.conformance.suite import Budget  # noqa: PLC0415

    known = {name: _without_none(asdict(given)) for name, given in out_of_band.items()}
    return Case(
        path.name,
        "valid",
        read_bytes(path),
        Budget(1 << 30, 10),
        bases=tuple(map(read_bytes, bases)),
        out_of_band=known,
        dialect=dialect,
    )


def _without_none(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _suite_case(name: str, suite: Path | None) -> "Case":
    from nnref.conformance.runner import suite_cases  # noqa: PLC0415  it loads numpy
    from nnref.conformance.suite import load  # noqa: PLC0415

    found = next((case for case in suite_cases(load(suite)) if case.id == name), None)
    if found is None:
        raise refusal("file-not-found", f"{name}: neither a file nor a case of the suite")
    return found


def _listing(shrunk: "Shrunk") -> Iterator[str]:
    from nnref.spec.syntax import OutOfBand  # noqa: PLC0415  these load the declarations
    from nnref.tools import assembly  # noqa: PLC0415
    from nnref.tools.trace import Source  # noqa: PLC0415

    case = shrunk.result.case
    given = {name: OutOfBand(**values) for name, values in case.out_of_band.items()}
    source = Source(case.stream, case.bases, case.dialect, out_of_band=given)
    return assembly.disassemble(source, assembly.Options(bins=case.rule is None))


def _object(shrunk: "Shrunk", output: Path, lines: list[str]) -> dict[str, Any]:
    result = shrunk.result
    return {
        "output": str(output),
        "bytes_before": len(shrunk.original.stream),
        "bytes": len(shrunk.stream),
        "verdict": result.verdict.value,
        "reason": result.reason,
        "tries": shrunk.tries,
        "elements": shrunk.elements,
        "listing": lines,
    }


def _print_summary(shrunk: "Shrunk", output: Path) -> None:
    before, after = len(shrunk.original.stream), len(shrunk.stream)
    print()
    print(one_line(f"{output}: {after} bytes of {before}, after {shrunk.tries} runs"))
    print(one_line(f"{shrunk.result.verdict.value}: {shrunk.result.reason}"))
    if not shrunk.elements:
        print("it cannot be taken apart into elements: only whole units were left out")
