"""The suite on disk."""

import json
from pathlib import Path

from nnref.conformance.suite.sheets import Sheet, sheet_from_json
from nnref.spec.errors import refusal


def suite_folder() -> Path:
    """The folder of the suite that is installed with nnref."""
    return Path(__file__).parent


def load(folder: Path | str | None = None) -> list[Sheet]:
    """Every sheet of a suite, by group and id; without a folder, of the installed one.

    Raises FileError (file-not-found, file-format).
    """
    root = suite_folder() if folder is None else Path(folder)
    if not root.is_dir():
        raise refusal("file-not-found", f"{root} is no folder")
    sheets = [_sheet(path) for path in root.glob("*/*.json")]
    if not sheets:
        raise refusal("file-not-found", f"{root} has no sheets: GROUP/ID.json")
    return sorted(sheets, key=lambda sheet: (sheet.group, sheet.id))


def _sheet(path: Path) -> Sheet:
    try:
        return sheet_from_json(json.loads(path.read_text(encoding="utf-8")), path.parent)
    except (ValueError, TypeError, KeyError) as error:
        raise refusal("file-format", f"{path} is no sheet: {error}") from error
