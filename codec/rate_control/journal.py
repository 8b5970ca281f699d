"""Trials of a search on disk: one that was broken off goes on where it was.

A text file with a JSON object on each line: first what the search is, then its trials.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from nnref.codec.model import TensorSource
from nnref.codec.model.files import StrPath
from nnref.codec.rate_control.target import Trial
from nnref.spec.errors import refusal

FORMAT: Final = "nnref.target-journal/1"

Place = tuple[float, float | None]
"""The scale and rd_lambda of a trial."""


class Journal:
    """The trials of one search that are known, by their places."""

    def __init__(self, path: StrPath, fingerprint: str, original_metric: float | None) -> None:
        """Opens a journal, or begins it.

        Raises UsageError setting-conflict for one of another search, FileError file-format,
        file-write.
        """
        self._path = Path(path)
        about = {"format": FORMAT, "search": fingerprint, "original_metric": original_metric}
        self.known: dict[Place, Trial] = {}
        lines = self._lines()
        if not lines:
            self._append(about)
            return
        if lines[0].get("format") != FORMAT:
            raise refusal("file-format", f"{path} is no journal of a search")
        if lines[0] != about:
            detail = f"{path} is of another model, target, evaluation or other settings; remove it"
            raise refusal("setting-conflict", detail)
        for line in lines[1:]:
            trial = Trial(**line)
            self.known[trial.scale, trial.rd_lambda] = trial

    def note(self, trial: Trial) -> None:
        """Keep a trial. Raises FileError file-write."""
        self.known[trial.scale, trial.rd_lambda] = trial
        self._append(asdict(trial))

    def _lines(self) -> list[dict[str, Any]]:
        """The whole lines; the last one may have been cut."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as failure:
            raise refusal("file-format", f"{self._path}: {failure}") from failure
        try:
            whole = text[: text.rfind("\n") + 1]
            found = [json.loads(line) for line in whole.splitlines()]
        except ValueError as failure:
            raise refusal("file-format", f"{self._path}: {failure}") from failure
        if len(whole) < len(text):
            self._path.write_text(whole, encoding="utf-8")
        return found

    def _append(self, content: dict[str, Any]) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(content) + "\n")
        except OSError as failure:
            raise refusal("file-write", str(failure)) from failure


def fingerprint(sources: Iterable[TensorSource], *asked: object) -> str:
    """A hash of tensors and of what is asked for, by which a search knows its journal."""
    found = hashlib.sha256(repr(asked).encode())
    for source in sources:
        for name in source.names():
            array = source.read(name)
            found.update(f"{name} {array.dtype} {array.shape}".encode())
            found.update(np.ascontiguousarray(array).view(np.uint8).data if array.size else b"")
    return found.hexdigest()
