"""Clause 12.7: which streams an update is for, by a hash of them in base_model_id."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from nnref.codec.decoder.stream import Stream
from nnref.spec.errors import refusal
from nnref.spec.tables.enums import UnitType

PREFIX: Final = "sha256:"
_DIGITS: Final = 32
"""Hexadecimal digits of the hash that are written: its first 16 bytes."""


@dataclass(frozen=True, slots=True)
class ChainHash:
    """Hashes of the streams of a chain so far: of the first one alone, and of all of them."""

    _first: Any = None
    _all: Any = field(default_factory=sha256)

    def after(self, stream: memoryview) -> "ChainHash":
        """The hashes with one more stream."""
        together = self._all.copy()
        together.update(stream)
        return ChainHash(self._first or together.copy(), together)

    def base_model_id(self, *, cumulative: bool) -> str:
        """Clause 12.7: the name of what the next update is added to."""
        streams = self._all if cumulative else self._first
        return f"{PREFIX}{streams.hexdigest()[:_DIGITS]}"

    def check(self, update: Stream, *, cumulative: bool) -> None:
        """Raise IntegrityError base-model-mismatch when the stream is for others than these.

        A stream without base_model_id, or with one of another form, is for anybody. One that comes
        first in a chain must not have one that names streams before it.
        """
        named = update.parameters.base_model_id
        if named is None or not named.startswith(PREFIX):
            return
        known = None if self._first is None else self.base_model_id(cumulative=cumulative)
        if named != known:
            before = "no streams are given before it"
            raise refusal(
                "base-model-mismatch",
                f"{named}; {before if known is None else f'the streams given are {known}'}",
                unit_type=UnitType.NNR_MPS.name,
                element="base_model_id",
            )
