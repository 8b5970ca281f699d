"""`nnref conformance check`: streams of any encoder, judged by every rule."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nnref.spec.limits import Limits
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli.failures import GOOD, exit_status, tell, warn
from nnref.tools.cli.files import read_bytes
from nnref.tools.cli.options import (
    base_option,
    dialect_option,
    json_option,
    limit_option,
    out_of_band_option,
    quiet_option,
)
from nnref.tools.cli.output import print_json
from nnref.tools.cli.text import count_text, one_line

if TYPE_CHECKING:
    from nnref.conformance.encoder_check import Judged


@click.command(short_help="Judge streams of any encoder by every rule.")
@click.argument(
    "paths", metavar="STREAM...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@base_option
@out_of_band_option
@limit_option
@dialect_option
@quiet_option
@json_option
def command(
    paths: tuple[Path, ...],
    bases: tuple[str, ...],
    out_of_band: Any,
    limits: Limits,
    dialect: Dialect,
    quiet: bool,
    as_json: bool,
) -> int:
    """Judge streams of any encoder by every rule.

    Everything that is wrong is listed, also what a decoder tolerates, with unit, element, bit and
    clause. A unit that breaks a rule is passed over and the rest is read on. The exit status is 0
    when no rule is broken, else that of the first broken one.
    """
    from nnref.conformance.encoder_check import check_stream, rules_judged  # noqa: PLC0415

    before = [read_bytes(base) for base in bases]
    judged = {
        path: check_stream(
            read_bytes(path),
            bases=before,
            dialect=dialect,
            limits=limits,
            out_of_band=out_of_band,
        )
        for path in paths
    }
    if as_json:
        rules = [rule.id for rule in rules_judged(bool(bases))]
        streams = [_object(path, one) for path, one in judged.items()]
        print_json("nnref.conformance.check/1", {"rules": rules, "streams": streams})
    elif not quiet:
        for path, one in judged.items():
            _print(path, one)
        if not bases:
            rules_of_updates = len(rules_judged(True)) - len(rules_judged(False))
            print(
                f"judged by {len(rules_judged(bool(bases)))} rules; "
                f"{rules_of_updates} more need the streams before: --base"
            )
    return _status(judged)


def _object(path: Path, judged: "Judged") -> dict[str, Any]:
    return {
        "stream": str(path),
        "bytes": judged.size,
        "units": judged.units,
        "tensors": judged.tensors,
        "conforms": judged.conforms,
        "complete": judged.complete,
        "broken": judged.broken,
        "findings": [finding.as_dict() for finding in judged.findings],
    }


def _print(path: Path, judged: "Judged") -> None:
    facts = f"{count_text(judged.size)} bytes, {judged.units} units, {judged.tensors} tensors"
    number = len(judged.findings)
    found = f"{number} finding{'s' if number > 1 else ''}" if number else "conforms"
    print(one_line(f"{path}: {facts}: {found}"))
    for finding in judged.findings:
        print(one_line(f"  {finding.id}: {finding}"))
    if not judged.complete:
        print("  what follows cannot be read")


def _status(judged: "dict[Path, Judged]") -> int:
    broken = [one for one in judged.values() if not one.conforms]
    if not broken:
        return GOOD
    first = broken[0].findings[0]
    if len(broken) == 1 and len(broken[0].findings) == 1:
        return tell(first)
    total = sum(len(one.findings) for one in broken)
    warn(f"{total} findings in {len(broken)} of {len(judged)} streams")
    return exit_status(first)
