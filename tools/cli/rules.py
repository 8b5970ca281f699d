"""Rules files: encoder settings for the tensors whose name matches a glob.

A TOML file holds tables `[[rule]]`, a JSON file a list `{"rule": [...]}`; each has the key
`tensors` (a glob or a list of globs) and any per-tensor setting of `EncodeSettings`. All rules
that match a tensor are applied in the order of the file, so a later one overrides.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from nnref.codec.encoder.settings import Rule
from nnref.spec.errors import refusal


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of a TOML or (by its suffix) JSON file, in order.

    Raises FileError file-not-found or file-format (not TOML or JSON), UsageError setting-unknown
    (not the form above).
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as failure:
        raise refusal("file-not-found", str(failure)) from failure
    except UnicodeDecodeError as failure:
        raise refusal("file-format", f"{path}: {failure}") from failure
    return tuple(rule for entry in _entries(text, path) for rule in _rules(entry, path))


def without_effect(rules: Iterable[Rule], names: Iterable[str]) -> list[str]:
    """The globs that match none of the tensors."""
    known = list(names)
    return [r.tensors for r in rules if not any(fnmatchcase(name, r.tensors) for name in known)]


def _entries(text: str, path: Path) -> list[Any]:
    try:
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as failure:  # of both parsers
        raise refusal("file-format", f"{path}: {failure}") from failure
    if not isinstance(content, dict) or content.keys() - {"rule"}:
        raise refusal("setting-unknown", f"{path}: a rules file holds only [[rule]] tables")
    entries = content.get("rule", [])
    if not isinstance(entries, list):
        raise refusal("setting-unknown", f"{path}: write [[rule]], not [rule]")
    return entries


def _rules(entry: object, path: Path) -> list[Rule]:
    if not isinstance(entry, Mapping):
        raise refusal("setting-unknown", f"{path}: a rule is a table, not {entry!r}")
    options = {name.replace("-", "_"): value for name, value in entry.items()}
    patterns = options.pop("tensors", None)
    if isinstance(patterns, str):
        patterns = [patterns]
    if not isinstance(patterns, list) or not all(isinstance(p, str) for p in patterns):
        raise refusal("setting-unknown", f"{path}: a rule names its tensors: tensors = 'GLOB'")
    return [Rule(pattern, options) for pattern in patterns]
