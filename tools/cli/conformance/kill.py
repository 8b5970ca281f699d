"""`nnref conformance kill`: how many seeded faults of a decoder the suite finds."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnref.spec.errors import refusal
from nnref.tools.cli.conformance.options import suite_option
from nnref.tools.cli.failures import GOOD, tell
from nnref.tools.cli.files import text_output
from nnref.tools.cli.options import json_option, quiet_option
from nnref.tools.cli.output import print_json, print_table, progress_bar

if TYPE_CHECKING:
    from nnref.conformance.kill import Matrix

_LEAST_SHARE = 0.98


@click.command(short_help="Plant faults in a decoder, and count those that the suite finds.")
@click.argument("ids", metavar="[FAULT]...", nargs=-1)
@suite_option
@click.option(
    "--all", "complete", is_flag=True, help="Try all cases, also behind the first that finds it."
)
@click.option(
    "--markdown",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the matrix as a page.",
)
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Faults tried at a time."
)
@quiet_option
@json_option
def command(
    ids: tuple[str, ...],
    suite: Path | None,
    complete: bool,
    markdown: Path | None,
    jobs: int,
    quiet: bool,
    as_json: bool,
) -> int:
    """Plant faults in a decoder, and count those that the suite finds.

    Each is planted in a copy of the literal decoder. Without a FAULT all of the catalogue are
    tried. The exit status is 0 when at least 98 % are found and the others are explained.
    """
    from nnref.conformance.kill import (  # noqa: PLC0415  these load numpy
        kill_all_faults,
        matrix_json,
        matrix_markdown,
    )
    from nnref.conformance.kill.faults import selected_faults  # noqa: PLC0415
    from nnref.conformance.runner import suite_cases  # noqa: PLC0415
    from nnref.conformance.suite import load  # noqa: PLC0415

    faults = selected_faults(ids)
    with progress_bar("planting", quiet=quiet) as progress:
        matrix = kill_all_faults(
            faults, suite_cases(load(suite)), complete=complete, jobs=jobs, progress=progress
        )
    if markdown is not None:
        with text_output(markdown) as file:
            file.write(matrix_markdown(matrix))
    if as_json:
        print_json("nnref.conformance.kill/1", matrix_json(matrix))
    elif not quiet:
        _print(matrix, every=bool(ids))
    return _status(matrix)


def _print(matrix: "Matrix", *, every: bool) -> None:
    rows = matrix.rows if every else matrix.survivors
    if rows:
        table = [
            (
                row.fault.id,
                row.fault.what,
                "survives" if row.survives else row.killers[0].case,
                row.fault.survives if row.survives else row.killers[0].reason,
                f"{row.tried} of {row.reaching}",
            )
            for row in rows
        ]
        print_table("", ("<fault", "<what", "<killed by", "<why", "tried"), table)
    killed = len(matrix.rows) - len(matrix.survivors)
    print(
        f"{killed} of {len(matrix.rows)} faults killed ({100 * matrix.share:.1f} %) by "
        f"{matrix.cases} cases in {matrix.seconds:.0f} s"
    )


def _status(matrix: "Matrix") -> int:
    if matrix.share >= _LEAST_SHARE and not matrix.unexplained:
        return GOOD
    names = ", ".join(row.fault.id for row in matrix.unexplained) or "too many survive"
    return tell(refusal("faults-survive", names))
