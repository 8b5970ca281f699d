"""What a decoder made of one stream, before anybody judges it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from nnref.conformance.runner.case import Case, Tensors


class Ending(StrEnum):
    """How a decoder ended."""

    DECODED = "decoded"
    """It says that it decoded the stream."""
    REFUSED = "refused"
    """It says that it does not decode the stream."""
    CRASHED = "crashed"
    """It ended without saying either."""
    HUNG = "hung"
    """It did not end in time and was stopped."""
    NOT_RUN = "not run"
    """There is no way to hand it the case."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The ending of one run, and the tensors handed out by one that decoded.

    `text` says how it ended: the last words of the decoder. `problem` says why what it handed out
    cannot be read. `file_format` is that of the output, which decides which data types it can hold.
    """

    ending: Ending
    tensors: Tensors = field(default_factory=dict)
    text: str = ""
    problem: str = ""
    file_format: str = "safetensors"
    seconds: float = 0.0


class Decoder(Protocol):
    """Any decoder, by whatever means it is run. Used from several threads at once."""

    name: str
    """What reports call it."""

    def decode(self, case: Case) -> Outcome:
        """Run it on a case, within the budget of the case. Raises NnrError when it cannot start."""

    def close(self) -> None:
        """End its processes."""
