"""The exception tree. A raise site names the rule and the place; the rule explains the rest.

NnrError
├── MalformedError      the bits cannot be parsed
├── InvalidError        they parse, but break a rule
├── UnsupportedError    allowed, but not decodable here
├── LimitExceededError  beyond the configured limits
├── IntegrityError      a hash, checksum or comparison failed
├── UsageError          the caller asked for the impossible (also a ValueError)
└── FileError           a file could not be read or written (also an OSError)
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from shlex import quote
from typing import Any, Self

from nnref.spec.tables.rules import RULES, Rule


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a stream: every part that is known.

    `bit` is counted from the first bit of the stream (bit 0 = most significant bit of byte 0).
    """

    unit: int | None = None
    """Index of the unit, from 0."""
    unit_type: str | None = None
    tensor: str | None = None
    element: str | None = None
    """Path of the syntax element, for example `tensor_dimensions[1]`."""
    bit: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The known parts by name, plus `byte` when `bit` is known."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        known = {name: value for name, value in known.items() if value is not None}
        if self.bit is not None:
            known["byte"] = self.bit // 8
        return known

    def __str__(self) -> str:
        parts = []
        if self.unit is not None:
            parts.append(f"unit {self.unit}" + (f" ({self.unit_type})" if self.unit_type else ""))
        elif self.unit_type:
            parts.append(self.unit_type)
        if self.tensor is not None:
            parts.append(f"tensor {self.tensor!r}")
        if self.element is not None:
            parts.append(f"element {self.element}")
        if self.bit is not None:
            parts.append(f"bit {self.bit} (byte {self.bit // 8}.{self.bit % 8})")
        return ", ".join(parts)


class NnrError(Exception):
    """Any refusal of nnref. `rule.id` is stable; the message text is not.

    Attributes: `rule` (what was broken), `detail` (with which value), `place` (where).
    """

    def __init__(self, rule: Rule, detail: str = "", place: Place | None = None) -> None:
        self.rule = rule
        self.detail = detail
        self.place = place or Place()
        super().__init__(rule, detail, place)

    @property
    def id(self) -> str:
        """The stable id of the broken rule."""
        return self.rule.id

    @property
    def hint(self) -> str:
        """What to do or type next; NAME is replaced by the tensor's where that is known."""
        tensor = self.place.tensor
        return self.rule.hint if tensor is None else self.rule.hint.replace("NAME", quote(tensor))

    def also(self, detail: str) -> Self:
        """Add to the detail; returns self."""
        self.detail = "; ".join(part for part in (self.detail, detail) if part)
        return self

    def at(self, **where: Any) -> Self:
        """Fill in those parts of the place that are not known yet; returns self."""
        known = {f.name: getattr(self.place, f.name) for f in fields(Place)}
        self.place = Place(**{k: where.get(k) if v is None else v for k, v in known.items()})
        return self

    def moved(self, bits: int) -> Self:
        """Shift a known bit position, from one inside a payload to one in the stream."""
        if self.place.bit is not None:
            self.place = replace(self.place, bit=self.place.bit + bits)
        return self

    def as_dict(self) -> dict[str, Any]:
        """The form `--json` prints: error, kind, clause, rule, detail, hint and the place."""
        return {
            "error": self.rule.id,
            "kind": self.rule.kind,
            "clause": self.rule.clause,
            "rule": self.rule.text,
            "detail": self.detail,
            "hint": self.hint,
        } | self.place.as_dict()

    def __str__(self) -> str:
        place = str(self.place)
        text = f"{place}: " if place else ""
        text += f"{self.detail}; " if self.detail else ""
        text += f"rule: {self.rule.text} (clause {self.rule.clause})"
        return text + (f"; {self.hint}" if self.hint else "")


class MalformedError(NnrError):
    """The bits cannot be parsed."""


class InvalidError(NnrError):
    """The bits parse, but a value or a combination of values is not allowed."""


class UnsupportedError(NnrError):
    """Allowed by the syntax, but not decodable here."""


class LimitExceededError(NnrError):
    """Larger than the configured limits (clause 8.3)."""


class IntegrityError(NnrError):
    """A checksum, hash or comparison failed."""


class UsageError(NnrError, ValueError):
    """The caller asked for something that cannot be done."""


class FileError(NnrError, OSError):
    """A file could not be read or written, or is not what its name says."""


_CLASSES: Mapping[str, type[NnrError]] = {
    "malformed": MalformedError,
    "invalid": InvalidError,
    "unsupported": UnsupportedError,
    "limit": LimitExceededError,
    "integrity": IntegrityError,
    "usage": UsageError,
    "file": FileError,
}


def refusal(rule_id: str, detail: str = "", **where: Any) -> NnrError:
    """The exception for a broken rule, ready to raise.

    `detail` says with which value; `where` are the fields of `Place` that are known.
    """
    rule = RULES[rule_id]
    return _CLASSES[rule.kind](rule, detail, Place(**where))
