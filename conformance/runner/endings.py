"""What the end of a program says: it decoded, it refused, or it crashed.

A decoder ends with status 0 when it has decoded the stream and written its tensors, with a status
of `REFUSALS` when it refuses the stream. Everything else is a crash: a signal, a status beyond,
and a status of `REFUSALS` with the marks of a run-time system that gave up. Many run-time systems
end with 1 or 2 after an exception that nobody caught; what they print then gives them away.
"""

import re
from typing import Final

from nnref.conformance.runner.outcome import Ending
from nnref.conformance.runner.process import Ended, signal_name

REFUSALS: Final = range(1, 64)
"""From 64 on, statuses have meanings of their own (sysexits.h, shells, Rust's 101)."""
_CRASH: Final = re.compile(
    r"Traceback \(most recent call last\)"  # Python
    r"|thread '.*' panicked at"  # Rust
    r"|^panic: |^goroutine \d+ \["  # Go
    r"|Exception in thread "  # Java
    r"|terminate called |Segmentation fault|core dumped"  # C++, shells
    r"|(Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|runtime error: "
    r"|Assertion .* failed",
    re.MULTILINE,
)


def ending_of(ended: Ended) -> tuple[Ending, str]:
    """How a program ended, and its last line or what else explains it."""
    words = last_line(ended.output)
    if ended.timed_out:
        return Ending.HUNG, f"no end within {ended.seconds:.1f} s"
    if ended.status == 0:
        return Ending.DECODED, words
    if ended.status < 0:
        return Ending.CRASHED, f"ended by {signal_name(-ended.status)}" + _said(words)
    crash = _CRASH.search(ended.output)
    if ended.status in REFUSALS and crash is None:
        return Ending.REFUSED, words or f"exit status {ended.status}"
    return Ending.CRASHED, f"exit status {ended.status}" + _said(words)


def last_line(output: str) -> str:
    """The last line that is not empty."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def _said(words: str) -> str:
    return f": {words}" if words else ""
