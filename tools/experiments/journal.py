"""Measured points in a file of JSON lines: an experiment that was stopped goes on where it was."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nnref.spec.errors import refusal

Key = Mapping[str, Any]
Values = dict[str, Any]


class Journal:
    """Points by their settings. A line that was cut off by a crash is measured again."""

    def __init__(self, path: Path) -> None:
        """Raises FileError file-write where the file or its folder cannot be made."""
        self._path = path
        self._points: dict[str, Values] = {}
        self.measured = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text("utf-8") if path.exists() else ""
            whole, _, rest = text.rpartition("\n")
            if rest:
                path.write_text(f"{whole}\n" if whole else "", "utf-8")
        except OSError as failure:
            raise refusal("file-write", str(failure)) from failure
        for line in whole.splitlines():
            point = json.loads(line)
            self._points[_name(point["key"])] = point["values"]

    def point(self, key: Key, measure: Callable[[], Values]) -> Values:
        """The values of a point in their order, measured unless they are known.

        Raises FileError file-write.
        """
        name = _name(key)
        if name not in self._points:
            values = measure()
            line = json.dumps({"key": dict(key), "values": values})
            try:
                with self._path.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")
            except OSError as failure:
                raise refusal("file-write", str(failure)) from failure
            self._points[name] = values
            self.measured += 1
        return self._points[name]


def _name(key: Key) -> str:
    return json.dumps(dict(key), sort_keys=True)
