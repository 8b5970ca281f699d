"""`nnref conformance run`: any decoder over the suite."""

import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.conformance.options import decoder_options, make_decoder, suite_option
from nnref.tools.cli.failures import GOOD, tell, warn
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json, print_table, progress_bar
from nnref.tools.cli.text import one_line

if TYPE_CHECKING:
    from nnref.conformance.runner import Case, Report

_SHOWN = 40
"""Rows of the table of what did not pass."""


@click.command(short_help="Run any decoder over the suite.")
@click.argument("ids", metavar="[CASE]...", nargs=-1)
@decoder_options
@suite_option
@click.option(
    "--capabilities",
    "claims_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON file with what the decoder claims; nothing else is run.",
)
@click.option(
    "--report",
    "reports",
    type=click.Path(path_type=Path),
    metavar="FILE",
    multiple=True,
    help="Write a report: .json, .xml (JUnit), .html or .md. Can be repeated.",
)
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Cases run at a time."
)
@click.option(
    "--fresh",
    type=click.IntRange(0),
    default=4,
    show_default=True,
    help="Streams made for this run, which no decoder can know.",
)
@click.option("--seed", type=click.IntRange(0), help="Seed of those.  [default: a new one]")
@quiet_option
@json_option
def command(
    ids: tuple[str, ...],
    decoder: str | None,
    adapter: str | None,
    peer_python: Path | None,
    file_format: str,
    start_seconds: float | None,
    start_memory: int,
    suite: Path | None,
    claims_path: Path | None,
    reports: tuple[Path, ...],
    jobs: int,
    fresh: int,
    seed: int | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Run any decoder over the suite, or over some CASEs of it.

    The decoder writes all tensors of {stream} to {out}, as coded, and ends with status 0. A stream
    it refuses ends it with a status of 1 to 63; anything else is a crash. Other placeholders, for
    cases that need more: {bases}, {out_of_band}, {dialect}, {semantics}, {form}, {limits}; see
    conformance/GUIDE.md.

    The exit status is 0 only when every case that was to be run passed.
    """
    from nnref.conformance.runner import (  # noqa: PLC0415  these load numpy
        fresh_cases,
        read_capabilities,
        run_cases,
        suite_cases,
        write_report,
    )
    from nnref.conformance.runner.reports import check_report_path  # noqa: PLC0415
    from nnref.conformance.suite import load  # noqa: PLC0415

    for path in reports:
        check_report_path(path)
    cases = _selected(suite_cases(load(suite)), ids)
    claims = read_capabilities(claims_path) if claims_path else None
    number = secrets.randbelow(1 << 32) if seed is None else seed
    tested = make_decoder(decoder, adapter, peer_python, file_format, start_seconds, start_memory)
    claimed = cases if claims is None else [case for case in cases if not claims.unclaimed(case)]
    try:
        with progress_bar("running", quiet=quiet) as progress:
            report = run_cases(
                tested,
                cases,
                fresh=fresh_cases(claimed, number, fresh),
                capabilities=claims,
                seed=number,
                jobs=jobs,
                progress=progress,
            )
    finally:
        tested.close()
    for path in reports:
        write_report(report, path)
    if as_json:
        print_json("nnref.conformance.run/1", report.as_dict())
    elif not quiet:
        _print(report)
    return _status(report)


def _selected(cases: "list[Case]", ids: tuple[str, ...]) -> "list[Case]":
    known = {case.id for case in cases}
    for name in ids:
        if name not in known:
            raise refusal("usage", f"no case {name!r}: nnref conformance list shows them")
    return [case for case in cases if not ids or case.id in ids]


def _print(report: "Report") -> None:
    against = report.not_passed
    if against:
        rows = [(one.case.id, one.verdict.value, one.reason) for one in against[:_SHOWN]]
        print_table("did not pass", ("<case", "<verdict", "<what happened"), rows)
        if len(against) > _SHOWN:
            print(f"and {len(against) - _SHOWN} more: --report FILE.html shows all")
    if report.unclaimed:
        names = ", ".join(result.case.id for result in report.unclaimed)
        print(one_line(f"not claimed, not run: {names}"))
    counts = ", ".join(f"{count} {verdict}" for verdict, count in report.counts.items() if count)
    print(f"{one_line(report.decoder)}: {counts} ({report.seconds:.1f} s, seed {report.seed})")


def _status(report: "Report") -> int:
    for text in report.diagnoses:
        warn(text)
    if report.conforms:
        return GOOD
    against = report.not_passed
    detail = f"{len(against)} of {len(report.results)} cases did not pass"
    if against:
        first = against[0]
        detail += f", the first is {first.case.id} ({first.verdict}: {first.reason})"
    else:
        detail = "no case was run"
    return tell(refusal("decoder-fails", detail))
