"""Streams of the suite with methods beyond the standard, stripped, in NNCodec.

`nnref strip --replace` puts ordinary units in the place of method data units; NNCodec has to decode
them to the same numbers. Exit status: 0 when it does or the reason is a known deviation (annex C).
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import numpy as np
from rich.console import Console

from nnref.codec import decode
from nnref.codec.strip import strip
from nnref.conformance.interop.client import Peer, PeerError
from nnref.conformance.interop.environment import default_folder, peer_python
from nnref.conformance.suite import VALID, Sheet, load
from nnref.spec.errors import NnrError
from nnref.spec.tables.enums import Method

METHODS: Final = frozenset(method.name.lower().replace("_", "-") for method in Method)
"""Features that are methods."""
IDENTICAL: Final = "identical"
_KNOWN: Final = {
    "SIGFPE": "P-20",
    "lps_": "P-02",
    "REFLIST": "P-11",
    "slice indices": "P-04",
    "not int32": "P-16",
}
"""What an outcome holds, and the entry of annex C about it."""


@dataclass(frozen=True, slots=True)
class Stripped:
    """What NNCodec makes of one stream; `entry` is that of annex C, empty without a known one."""

    case: str
    methods: tuple[str, ...]
    outcome: str
    entry: str = ""

    @property
    def is_explained(self) -> bool:
        """Whether the numbers are the same, or it is known why not."""
        return self.outcome == IDENTICAL or bool(self.entry)


def stripped_cases() -> Iterator[Sheet]:
    """Valid streams of the suite that have a method data unit and are no part of a chain."""
    sheets = list(load())
    bases = {name for sheet in sheets for name in sheet.options.chain}
    for sheet in sheets:
        alone = not sheet.options.chain and sheet.id not in bases
        if sheet.kind == VALID and alone and METHODS.intersection(sheet.features):
            yield sheet


def compare_stripped(sheet: Sheet, peer: Peer) -> Stripped:
    """Strip a stream and hand it to NNCodec."""
    methods = tuple(sorted(METHODS.intersection(sheet.features)))
    data, _ = strip(sheet.data, replace_units=True)
    outcome = _outcome(data, sheet.data, peer)
    entry = next((entry for text, entry in _KNOWN.items() if text in outcome), "")
    return Stripped(sheet.id, methods, outcome, entry)


def _outcome(data: bytes, before: bytes, peer: Peer) -> str:
    ours, original = decode(data), decode(before)
    if {n: a.tobytes() for n, a in ours.items()} != {n: a.tobytes() for n, a in original.items()}:
        return "nnref decodes the stripped stream to other numbers"
    try:
        theirs = peer.decompress(data)
    except PeerError as error:
        return str(error).splitlines()[0]
    for name, array in ours.items():
        found = theirs.get(name)
        if found is None:
            return f"{name!r} is missing"
        if found.shape != array.shape:
            return f"{name!r} has the shape {found.shape}, not {array.shape}"
        if not np.array_equal(found, array, equal_nan=True):
            return f"{name!r} has other numbers as {found.dtype}, not {array.dtype}"
    return IDENTICAL


def page(rows: list[Stripped], version: str) -> str:
    """The table as Markdown."""
    date = datetime.now(UTC).date().isoformat()
    same = sum(row.outcome == IDENTICAL for row in rows)
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        for method in row.methods:
            kind = "identical" if row.outcome == IDENTICAL else "known" if row.entry else "other"
            counts.setdefault(method, Counter())[kind] += 1
    lines = [
        "# Stripped streams in NNCodec",
        "",
        f"Printed by `python -m nnref.conformance.interop.stripped --markdown FILE` on {date}",
        f"(NNCodec {version}).",
        "",
        f"{same} of {len(rows)} streams of the suite with method data units decode to the same",
        "numbers in NNCodec once `nnref strip --replace` has put ordinary units in their place.",
        "",
        "| method | streams | identical | known deviation | other |",
        "|---|---|---|---|---|",
    ]
    for method, found in sorted(counts.items()):
        cells = [found[kind] for kind in ("identical", "known", "other")]
        lines.append(f"| {method} | {sum(cells)} | " + " | ".join(map(str, cells)) + " |")
    lines += ["", "| stream | what NNCodec says | annex C |", "|---|---|---|"]
    for row in rows:
        if row.outcome != IDENTICAL:
            said = row.outcome.replace("|", "\\|")
            lines.append(f"| `{row.case}` | {said} | {row.entry} |")
    return "\n".join(lines) + "\n"


@click.command(help=__doc__)
@click.option(
    "--venv",
    type=click.Path(path_type=Path, file_okay=False),
    default=default_folder,
    help="Virtual environment with NNCodec 2.1.3; made if there is none.",
)
@click.option(
    "--peer-python",
    "interpreter",
    type=click.Path(path_type=Path),
    help="Its interpreter instead.",
)
@click.option("--markdown", type=click.Path(path_type=Path), help="Write a page.")
def main(venv: Path, interpreter: Path | None, markdown: Path | None) -> None:
    """Run, report, and exit."""
    messages = Console(stderr=True)
    try:
        python = interpreter or peer_python(venv, messages.print)
    except NnrError as error:
        messages.print(f"nnref: error[{error.id}]: {error}", markup=False)
        sys.exit(7)
    with Peer(python) as peer:
        version = str(peer.call("describe").values["nncodec"])
        rows = [compare_stripped(sheet, peer) for sheet in stripped_cases()]
    text = page(rows, version)
    if markdown:
        markdown.write_text(text, encoding="utf-8")
    click.echo(text, nl=False)
    sys.exit(0 if all(row.is_explained for row in rows) else 6)


if __name__ == "__main__":
    main()
