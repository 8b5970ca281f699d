"""From what a decoder did to the verdict on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from nnref.conformance.runner.case import Case
from nnref.conformance.runner.comparison import Difference, first_difference
from nnref.conformance.runner.outcome import Ending, Outcome


class Verdict(StrEnum):
    """What is said of one decoder and one case. Only `PASS` is good."""

    PASS = "pass"  # noqa: S105  no password
    FAIL = "fail"
    """Wrong tensors, or a stream decoded that had to be refused."""
    REFUSED = "refused"
    """A stream refused that had to be decoded."""
    CRASHED = "crashed"
    HUNG = "hung"
    NOT_RUN = "not run"
    """Never counts as passed."""


_UNFINISHED: Final[Mapping[Ending, Verdict]] = {
    Ending.CRASHED: Verdict.CRASHED,
    Ending.HUNG: Verdict.HUNG,
    Ending.NOT_RUN: Verdict.NOT_RUN,
}


@dataclass(frozen=True, slots=True)
class Result:
    """The verdict on one case. `reason` says why, in one line; empty for a plain pass.

    `claimed` is False where the decoder does not claim what the case needs: then it was not to
    be run.
    """

    case: Case
    verdict: Verdict
    reason: str = ""
    difference: Difference | None = None
    seconds: float = 0.0
    claimed: bool = True

    @property
    def counts_against(self) -> bool:
        """Whether the case was to be run and did not pass."""
        return self.claimed and self.verdict != Verdict.PASS

    def as_dict(self) -> dict[str, Any]:
        """The form of the JSON report."""
        case = self.case
        found: dict[str, Any] = {
            "id": case.id,
            "title": case.title,
            "kind": case.kind,
            "profile": case.profile,
            "features": sorted(case.features),
            "clauses": list(case.clauses),
            "verdict": self.verdict.value,
            "reason": self.reason,
            "seconds": round(self.seconds, 4),
            "claimed": self.claimed,
        }
        if case.rule is not None:
            found["rule"] = case.rule
        if self.difference is not None:
            found["difference"] = self.difference.as_dict()
        return found


def judge(case: Case, outcome: Outcome) -> Result:
    """The verdict on a decoder that was run on a case."""
    if outcome.ending in _UNFINISHED:
        return Result(case, _UNFINISHED[outcome.ending], outcome.text, seconds=outcome.seconds)
    if outcome.ending == Ending.REFUSED:
        verdict = Verdict.PASS if case.is_invalid else Verdict.REFUSED
        return Result(case, verdict, outcome.text, seconds=outcome.seconds)
    return _decoded(case, outcome)


def _decoded(case: Case, outcome: Outcome) -> Result:
    if case.must_be_refused:
        reason = f"accepted, although it breaks the rule {case.rule}"
        return Result(case, Verdict.FAIL, reason, seconds=outcome.seconds)
    if case.expected is None:
        return Result(case, Verdict.PASS, "accepted, as permitted", seconds=outcome.seconds)
    if outcome.problem:
        return Result(case, Verdict.FAIL, outcome.problem, seconds=outcome.seconds)
    difference = first_difference(case.expected, outcome.tensors, outcome.file_format)
    if difference is None:
        return Result(case, Verdict.PASS, seconds=outcome.seconds)
    return Result(case, Verdict.FAIL, difference.text, difference, outcome.seconds)
