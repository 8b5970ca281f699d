"""Copies of the literal decoder with a fault planted in their text."""

import importlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import nnref.spec.process
from nnref.tools.trace import PayloadReporter

ORIGINAL = Path(nnref.spec.process.__file__).parent


@dataclass(frozen=True)
class Edit:
    """`old`, which occurs once in a module, becomes `new`."""

    module: str
    old: str
    new: str


def plant(folder, name, edits):
    """A copy of the decoder as the package `name` in `folder`, which is on the path."""
    package = folder / name
    package.mkdir()
    for path in ORIGINAL.glob("*.py"):
        text = path.read_text(encoding="utf-8").replace("nnref.spec.process", name)
        for edit in edits:
            if edit.module == path.stem:
                assert text.count(edit.old) == 1, edit
                text = text.replace(edit.old, edit.new)
        (package / path.name).write_text(text, encoding="utf-8")
    importlib.invalidate_caches()
    return importlib.import_module(name)


def events_of(decoder, source):
    """What the copy tells of the codewords, up to where it gives up."""
    events = []
    state = decoder.UpdateState()
    for base in source.bases:
        decoder.decode_stream(base, state=state)
    with suppress(Exception):
        decoder.decode_stream(
            source.data,
            state=state,
            observer=PayloadReporter(events.append),
            dialect=source.dialect,
            max_weights=1 << 16,
        )
    return events
