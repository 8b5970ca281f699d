"""The kill matrix as a page and as JSON."""

from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from nnref.conformance.kill.matrix import Killed, Matrix


def matrix_json(matrix: Matrix) -> dict[str, Any]:
    """What `nnref conformance kill --json` prints."""
    return {
        "nnref": version("nnref"),
        "date": matrix.date,
        "suite": {"sha256": matrix.suite_sha256, "cases": matrix.cases},
        "complete": matrix.complete,
        "faults": len(matrix.rows),
        "killed": len(matrix.rows) - len(matrix.survivors),
        "rows": [_row(row) for row in matrix.rows],
    }


def _row(row: Killed) -> dict[str, Any]:
    fault = row.fault
    found: dict[str, Any] = {
        "id": fault.id,
        "what": fault.what,
        "place": fault.place,
        "killed": not row.survives,
        "killers": [
            {"case": one.case, "verdict": one.verdict.value, "reason": one.reason}
            for one in row.killers
        ],
        "tried": row.tried,
        "reaching": row.reaching,
    }
    if row.survives:
        found["survives"] = fault.survives
    return found


def matrix_markdown(matrix: Matrix) -> str:
    """The page: figures, survivors, every fault with what kills it."""
    return "\n".join(_lines(matrix)) + "\n"


def _lines(matrix: Matrix) -> Iterator[str]:
    killed = len(matrix.rows) - len(matrix.survivors)
    yield "# Kill matrix of the conformance suite"
    yield ""
    command = f"nnref conformance kill{' --all' if matrix.complete else ''} --markdown FILE"
    yield f"Printed by `{command}` on {matrix.date[:10]} (nnref {version('nnref')})."
    yield ""
    yield "Each fault is planted in a copy of the literal decoder, and the copy is run over the"
    yield "suite like any decoder. A fault is killed when a case does not pass: wrong tensors, a"
    yield "wrong refusal or none, a crash, no end."
    yield ""
    yield f"{killed} of {len(matrix.rows)} faults ({100 * matrix.share:.1f} %) are killed by"
    yield f"{matrix.cases} cases."
    yield from _survivors(matrix)
    yield from _by_module(matrix)
    if matrix.complete:
        yield from _sole_killers(matrix)
    yield from _faults(matrix)


def _survivors(matrix: Matrix) -> Iterator[str]:
    yield ""
    yield "## Survivors"
    yield ""
    if not matrix.survivors:
        yield "None."
    for row in matrix.survivors:
        why = row.fault.survives or "**a stream that tells it is lacking**"
        yield f"- `{row.fault.id}` ({row.fault.what}): {why}"


def _by_module(matrix: Matrix) -> Iterator[str]:
    total = Counter(row.fault.module for row in matrix.rows)
    killed = Counter(row.fault.module for row in matrix.rows if not row.survives)
    yield ""
    yield "## By module"
    yield ""
    yield "| module | faults | killed |"
    yield "|---|---|---|"
    for module, count in sorted(total.items()):
        yield f"| {module} | {count} | {killed[module]} |"


def _sole_killers(matrix: Matrix) -> Iterator[str]:
    """The cases without which a fault would survive."""
    sole = Counter(row.killers[0].case for row in matrix.rows if len(row.killers) == 1)
    yield ""
    yield "## Cases that alone kill a fault"
    yield ""
    yield "| case | faults |"
    yield "|---|---|"
    for case, count in sorted(sole.items()):
        yield f"| {case} | {count} |"


def _faults(matrix: Matrix) -> Iterator[str]:
    yield ""
    yield "## Faults"
    yield ""
    yield "| fault | what it does wrong | where | killed by | which says |"
    yield "|---|---|---|---|---|"
    for row in matrix.rows:
        yield f"| `{row.fault.id}` | {row.fault.what} | {row.fault.place} | {_killers(row)} |"


def _killers(row: Killed) -> str:
    if row.survives:
        return "- | survives"
    first = row.killers[0]
    more = f" and {len(row.killers) - 1} more" if len(row.killers) > 1 else ""
    return f"{first.case}{more} | {first.verdict}"
