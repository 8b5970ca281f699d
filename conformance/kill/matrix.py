"""All faults against all cases: which stream kills which fault."""

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from multiprocessing import get_context
from types import ModuleType
from typing import Final

from nnref.conformance.kill.copies import copy_of_decoder
from nnref.conformance.kill.faults import Fault
from nnref.conformance.kill.trial import functions_of, try_case
from nnref.conformance.runner.case import Case
from nnref.conformance.runner.process import address_space
from nnref.conformance.runner.run import suite_sha256
from nnref.conformance.runner.verdict import Verdict
from nnref.spec.errors import refusal

Progress = Callable[[int, int, str], None]

MEMORY: Final = 1 << 30
"""Bytes that a copy may take: some faults are about not taking memory."""


@dataclass(frozen=True, slots=True)
class Killer:
    """A case that tells a fault, and what it says of the faulty decoder."""

    case: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Killed:
    """What became of one fault: the cases that kill it, after how many that were tried.

    Unless all cases were tried, there is one killer at most.
    """

    fault: Fault
    killers: tuple[Killer, ...]
    tried: int
    reaching: int
    """Cases that call the function of the fault."""

    @property
    def survives(self) -> bool:
        """Whether no case tells it."""
        return not self.killers


@dataclass(frozen=True, slots=True)
class Matrix:
    """All of them."""

    rows: tuple[Killed, ...]
    cases: int
    suite_sha256: str
    complete: bool
    """Whether all cases were tried on every fault, not only those up to the first kill."""
    date: str
    seconds: float

    @property
    def survivors(self) -> list[Killed]:
        """The faults that no case tells."""
        return [row for row in self.rows if row.survives]

    @property
    def unexplained(self) -> list[Killed]:
        """The survivors of which nobody says why."""
        return [row for row in self.survivors if not row.fault.survives]

    @property
    def share(self) -> float:
        """The part of the faults that is killed, 0 to 1."""
        return 1 - len(self.survivors) / len(self.rows) if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class _Reach:
    """A case, what it calls in the literal decoder, and the time it takes there."""

    case: Case
    functions: frozenset[str]
    seconds: float


def kill_all_faults(
    faults: Sequence[Fault],
    cases: Sequence[Case],
    *,
    complete: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Matrix:
    """Run a copy of the literal decoder with each fault over the cases that reach it.

    Cheap cases come first; without `complete` the first that kills is the last. All of it happens
    in `jobs` other processes, which have little memory. Raises UsageError setting-conflict when
    the literal decoder itself fails a case: such a suite says nothing.
    """
    began = datetime.now(UTC)
    started = time.perf_counter()
    with ProcessPoolExecutor(jobs, get_context("spawn"), _limit_memory) as pool:
        reaches = sorted(pool.map(_reach, cases), key=lambda reach: reach.seconds)
        trial = partial(_row, reaches=reaches, complete=complete)
        rows: list[Killed] = []
        for row in pool.map(trial, faults):
            rows.append(row)
            if progress is not None:
                progress(len(rows), len(faults), row.fault.id)
    return Matrix(
        tuple(rows),
        len(cases),
        suite_sha256(cases),
        complete,
        began.isoformat(timespec="seconds"),
        time.perf_counter() - started,
    )


def _limit_memory() -> None:
    """For the processes of the pool: a decoder that takes what it is asked for has to fail."""
    limit = address_space() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@cache
def _right_decoder() -> ModuleType:
    return copy_of_decoder()


def _reach(case: Case) -> _Reach:
    decoder = _right_decoder()
    began = time.perf_counter()
    result = try_case(decoder, case, usual_seconds=60.0)
    seconds = time.perf_counter() - began
    if result.verdict not in (Verdict.PASS, Verdict.NOT_RUN):
        detail = f"the literal decoder fails the case {case.id}: {result.reason}"
        raise refusal("setting-conflict", detail)
    return _Reach(case, functions_of(decoder, case), seconds)


def _row(fault: Fault, reaches: Sequence[_Reach], complete: bool) -> Killed:
    decoder = copy_of_decoder(fault)
    reaching = [reach for reach in reaches if _is_reached(fault, reach)]
    killers: list[Killer] = []
    tried = 0
    for reach in reaching:
        result = try_case(decoder, reach.case, reach.seconds)
        tried += 1
        if result.counts_against and result.verdict != Verdict.NOT_RUN:
            killers.append(Killer(reach.case.id, result.verdict, result.reason))
            if not complete:
                break
    return Killed(fault, tuple(killers), tried, len(reaching))


def _is_reached(fault: Fault, reach: _Reach) -> bool:
    """Whether a case calls the function of a fault; of classes and modules nobody can tell."""
    if not fault.function or (fault.function[0].isupper() and "." not in fault.function):
        return True
    return any(
        name == fault.place or name.startswith(f"{fault.place}.") for name in reach.functions
    )
