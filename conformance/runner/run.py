"""A run of a decoder over cases, in threads, and what it amounts to."""

import hashlib
import platform
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from typing import Any, Final

from nnref.conformance.runner.capabilities import Capabilities
from nnref.conformance.runner.case import Case
from nnref.conformance.runner.outcome import Decoder
from nnref.conformance.runner.verdict import Result, Verdict, judge

SCHEMA: Final = "nnref.conformance.run/1"

Progress = Callable[[int, int, str], None]
"""Called with (cases done, cases in all, id of the one just done)."""


@dataclass(frozen=True)
class Report:
    """The results of one run, in the order of the cases, and what it was a run of.

    `seed` is that of the fresh cases. `suite_sha256` tells suites apart.
    """

    decoder: str
    capabilities: Capabilities
    results: tuple[Result, ...]
    suite_sha256: str
    seed: int
    seconds: float
    date: str
    jobs: int = 1

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """How many cases got each verdict; all verdicts are there."""
        found = Counter(result.verdict for result in self.results)
        return {verdict: found[verdict] for verdict in Verdict}

    @property
    def run(self) -> int:
        """Cases that were run."""
        return len(self.results) - self.counts[Verdict.NOT_RUN]

    @property
    def not_passed(self) -> list[Result]:
        """The cases that were to be run and did not pass."""
        return [result for result in self.results if result.counts_against]

    @property
    def unclaimed(self) -> list[Result]:
        """The cases that were not to be run."""
        return [result for result in self.results if not result.claimed]

    @property
    def conforms(self) -> bool:
        """Whether every case that was to be run passed, and there were some."""
        return self.run > 0 and not self.not_passed

    @cached_property
    def diagnoses(self) -> list[str]:
        """What the verdicts together say of the decoder."""
        return diagnoses(self.results)

    def as_dict(self) -> dict[str, Any]:
        """The JSON report, of `schemas/run.schema.json`."""
        return {
            "schema": SCHEMA,
            "decoder": self.decoder,
            "capabilities": self.capabilities.as_dict(),
            "conforms": self.conforms,
            "counts": {verdict.value: count for verdict, count in self.counts.items()},
            "diagnoses": self.diagnoses,
            "suite": {"sha256": self.suite_sha256, "cases": len(self.results)},
            "seed": self.seed,
            "date": self.date,
            "seconds": round(self.seconds, 3),
            "jobs": self.jobs,
            "nnref": version("nnref"),
            "machine": f"{platform.system()} {platform.machine()}",
            "results": [result.as_dict() for result in self.results],
        }


def run_cases(
    decoder: Decoder,
    cases: Sequence[Case],
    *,
    fresh: Sequence[Case] = (),
    capabilities: Capabilities | None = None,
    seed: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Report:
    """Run a decoder on all `cases` and on the `fresh` ones, `jobs` at a time.

    Raises NnrError when the decoder cannot be started at all.
    """
    claims = capabilities or Capabilities()
    began = datetime.now(UTC)
    both = [*cases, *fresh]
    results: list[Result] = []

    def one(case: Case) -> Result:
        return _result(decoder, case, claims)

    with ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(one, case) for case in both]
        try:
            for future in futures:
                results.append(future.result())
                if progress is not None:
                    progress(len(results), len(both), results[-1].case.id)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Report(
        claims.decoder or decoder.name,
        claims,
        tuple(results),
        suite_sha256(cases),
        seed,
        (datetime.now(UTC) - began).total_seconds(),
        began.isoformat(timespec="seconds"),
        jobs,
    )


def _result(decoder: Decoder, case: Case, claims: Capabilities) -> Result:
    unclaimed = claims.unclaimed(case)
    if unclaimed:
        return Result(case, Verdict.NOT_RUN, unclaimed, claimed=False)
    return judge(case, decoder.decode(case))


def suite_sha256(cases: Iterable[Case]) -> str:
    """A hash over ids and streams: equal for equal suites."""
    digest = hashlib.sha256()
    for case in sorted(cases, key=lambda case: case.id):
        digest.update(f"{case.id} {hashlib.sha256(case.stream).hexdigest()}\n".encode())
    return digest.hexdigest()


def diagnoses(results: Sequence[Result]) -> list[str]:
    """What is suspicious about a decoder as a whole; empty for most."""
    run = [result for result in results if result.verdict != Verdict.NOT_RUN]
    invalid = [result for result in run if result.case.must_be_refused]
    valid = [result for result in run if not result.case.is_invalid]
    fresh = [result for result in valid if result.case.id.startswith("fresh-")]
    stored = [result for result in valid if result not in fresh]
    found = []
    if not run:
        found.append("no case was run")
    if _all(invalid, Verdict.FAIL):
        found.append("it accepts everything: no invalid stream was refused")
    if _all(valid, Verdict.REFUSED):
        found.append("it refuses everything: no valid stream was decoded")
    if _all(stored, Verdict.PASS) and fresh and not _any(fresh, Verdict.PASS):
        found.append(
            "it passes every stream of the suite and none that was made for this run: "
            "it knows the suite instead of decoding"
        )
    return found


def _all(results: Sequence[Result], verdict: Verdict) -> bool:
    return bool(results) and all(result.verdict == verdict for result in results)


def _any(results: Sequence[Result], verdict: Verdict) -> bool:
    return any(result.verdict == verdict for result in results)
