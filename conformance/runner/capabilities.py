"""What a decoder claims: a JSON file by its makers, of `schemas/capabilities.schema.json`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nnref.conformance.runner.case import Case
from nnref.spec.errors import refusal

SCHEMA: Final = "nnref.capabilities/1"
_KEYS: Final = {"schema", "decoder", "version", "profiles", "dialects", "without"}
_DIALECTS: Final = ("nncodec-2.x", "nncodec-1.0")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The claims of a decoder. Without a file it claims everything.

    `without` names the features of sheets that it does not have: what is added to the suite later
    is claimed until its makers say otherwise.
    """

    decoder: str = ""
    version: str = ""
    profiles: tuple[int, ...] = (0, 1)
    dialects: tuple[str, ...] = _DIALECTS
    without: tuple[str, ...] = ()

    def unclaimed(self, case: Case) -> str:
        """What a case needs that the decoder does not claim; empty when it claims all of it.

        Profiles beyond 1 are decoded like profile 0 (clause 8.1) and are claimed with it.
        """
        profile = 1 if case.profile == 1 else 0
        if profile not in self.profiles:
            return f"profile {case.profile} is not claimed"
        if case.dialect.label not in self.dialects:
            return f"dialect {case.dialect.label} is not claimed"
        missing = sorted(case.features.intersection(self.without))
        return f"not claimed: {', '.join(missing)}" if missing else ""

    def as_dict(self) -> dict[str, Any]:
        """The object of the file."""
        return {
            "schema": SCHEMA,
            "decoder": self.decoder,
            "version": self.version,
            "profiles": list(self.profiles),
            "dialects": list(self.dialects),
            "without": list(self.without),
        }


def read_capabilities(path: Path) -> Capabilities:
    """The claims in a file. Raises FileError file-not-found, file-format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refusal("file-not-found", f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise refusal("file-format", f"{path}: {error}") from None
    problem = _problem(content)
    if problem:
        raise refusal("file-format", f"{path}: {problem}")
    return Capabilities(
        content["decoder"],
        content.get("version", ""),
        tuple(content.get("profiles", (0, 1))),
        tuple(content.get("dialects", _DIALECTS)),
        tuple(content.get("without", ())),
    )


def _problem(content: Any) -> str:
    """What is wrong with the object of a file."""
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        return f"no object with the schema {SCHEMA}"
    surplus = sorted(content.keys() - _KEYS)
    if surplus:
        return f"unknown key {surplus[0]!r}"
    if not isinstance(content.get("decoder"), str):
        return "'decoder' has to be a name"
    lists: dict[str, tuple[type, tuple[Any, ...] | None]] = {
        "profiles": (int, (0, 1)),
        "dialects": (str, _DIALECTS),
        "without": (str, None),
    }
    for key, (kind, allowed) in lists.items():
        value = content.get(key, [])
        if not isinstance(value, list) or not all(type(one) is kind for one in value):
            return f"{key!r} has to be a list of {kind.__name__}"
        if allowed is not None and not set(value) <= set(allowed):
            return f"{key!r} has only {', '.join(map(str, allowed))}"
    return ""
