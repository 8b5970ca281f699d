"""Writes the streams of `examples/` and their manifest: `python spec/document examples`."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from nnref.conformance.generator.building import Description, build, copied
from nnref.conformance.generator.families.ledger import LEDGER
from nnref.conformance.generator.families.worked import EXAMPLES
from nnref.spec.process import UpdateState

from . import worked

ALL: Final = (*(replace(example, worked=True) for example in EXAMPLES), *LEDGER)


def write_all(descriptions: Sequence[Description]) -> None:
    """Write every stream and the manifest that says what decoding gives."""
    states: dict[str | None, UpdateState] = {None: UpdateState()}
    entries = []
    for description in descriptions:
        start = states[description.after]
        data = build(description, start)
        (worked.FOLDER / f"{description.name}.nnr").write_bytes(data)
        after = copied(start)
        entries.append(_entry(description, data, after))
        states[description.name] = after
    text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
    worked.MANIFEST.write_text(text, encoding="utf-8")


def _entry(description: Description, data: bytes, state: UpdateState) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": description.name, "title": description.title}
    if description.worked:
        entry["worked"] = True
    if description.dialect:
        entry["dialect"] = int(description.dialect)
    if description.after:
        entry["after"] = description.after
    if description.out_of_band:
        entry["out_of_band"] = description.out_of_band
    entry |= worked.outcome(data, state, entry)
    return entry
