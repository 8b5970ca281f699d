"""Which tensors share a unit: found by their names, or named in a file.

A blocks file is JSON: a list of objects with the key `weight` and any of `bias`, `ls` (local
scaling), `bn_beta`, `bn_gamma`, `bn_mean` and `bn_var`, whose values are names of tensors.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nnref.spec.errors import refusal

if TYPE_CHECKING:
    from nnref.codec import Block


def read_blocks(text: str) -> "tuple[Block, ...] | Literal['auto']":
    """`auto`, or the blocks of a file.

    Raises FileError file-not-found and file-format (not JSON), UsageError setting-unknown (not the
    form above).
    """
    if text == "auto":
        return "auto"
    try:
        entries = json.loads(Path(text).read_text(encoding="utf-8"))
    except OSError as failure:
        raise refusal("file-not-found", str(failure)) from failure
    except ValueError as failure:
        raise refusal("file-format", f"{text}: {failure}") from failure
    if not isinstance(entries, list):
        raise refusal("setting-unknown", f"{text}: a blocks file is a list")
    return tuple(_block(entry, text) for entry in entries)


def _block(entry: object, path: str) -> "Block":
    from nnref.codec import Block  # noqa: PLC0415  it loads numpy

    known = [field.name for field in fields(Block)]
    good = isinstance(entry, dict) and "weight" in entry and entry.keys() <= set(known)
    if not isinstance(entry, dict) or not good:
        keys = ", ".join(known)
        raise refusal("setting-unknown", f"{path}: {entry!r} is no object with keys of: {keys}")
    if not all(isinstance(name, str) for name in entry.values()):
        raise refusal("setting-unknown", f"{path}: {entry!r}: names are strings")
    return Block(**entry)
