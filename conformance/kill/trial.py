"""A copy of the literal decoder run on a case, in this process, and stopped in time."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any, Final

from nnref.conformance.kill.copies import COPY
from nnref.conformance.runner.adapter import NotPossibleError, RefusedError
from nnref.conformance.runner.case import Case
from nnref.conformance.runner.fresh import request_of
from nnref.conformance.runner.literal import decode_literally
from nnref.conformance.runner.outcome import Ending, Outcome
from nnref.conformance.runner.verdict import Result, judge
from nnref.spec.errors import NnrError

_PATIENCE: Final = 10.0
"""How many times longer than the right decoder a copy may take ..."""
_LEAST_SECONDS: Final = 1.0
"""... and how long at least."""


class _TooLongError(BaseException):
    """Raised by the alarm; nothing that a decoder catches."""


def try_case(decoder: ModuleType, case: Case, usual_seconds: float) -> Result:
    """The verdict on a copy of the literal decoder. For the main thread of a process."""
    return judge(case, outcome_of(decoder, case, usual_seconds))


def outcome_of(decoder: ModuleType, case: Case, usual_seconds: float) -> Outcome:
    """What a copy of the literal decoder makes of a case. For the main thread of a process."""
    began = time.perf_counter()
    try:
        with _alarm(_LEAST_SECONDS + _PATIENCE * usual_seconds):
            tensors = decode_literally(request_of(case, case.stream), decoder)
    except (RefusedError, NnrError) as error:
        return Outcome(Ending.REFUSED, text=str(error))
    except NotPossibleError as error:
        return Outcome(Ending.NOT_RUN, text=str(error))
    except _TooLongError:
        return Outcome(Ending.HUNG, text=f"no end within {time.perf_counter() - began:.1f} s")
    except Exception as error:
        return Outcome(Ending.CRASHED, text=f"{type(error).__name__}: {error}")
    return Outcome(Ending.DECODED, tensors)


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TooLongError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def functions_of(decoder: ModuleType, case: Case) -> frozenset[str]:
    """The functions of a copy that a case calls, as module and qualified name.

    Only streams that call the function of a fault can tell it.
    """
    called: set[str] = set()

    def see(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(COPY):
            module = frame.f_code.co_filename.removeprefix(f"{COPY}.")
            called.add(f"{module}.{frame.f_code.co_qualname}")

    sys.setprofile(see)
    try:
        try_case(decoder, case, usual_seconds=600.0)
    finally:
        sys.setprofile(None)
    return frozenset(called)
