"""Running a program to its end, or to the end of its time."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_LAST_WORDS: Final = 4096
"""Bytes of the program's output that are kept."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended. `status` is negative for a signal; `output` are its last words."""

    status: int
    timed_out: bool
    output: str
    seconds: float


def under_limits(command: Sequence[str], memory: int) -> list[str]:
    """The command line that runs `command` with at most `memory` bytes of address space."""
    return [sys.executable, "-I", "-S", str(_LAUNCHER), str(memory), *command]


def run_program(command: Sequence[str], *, memory: int, seconds: float, folder: Path) -> Ended:
    """Run a program in `folder`, where its output is kept as `log`, with all it starts.

    After `seconds` the program and everything it started are killed.
    """
    log = folder / "log"
    began = time.perf_counter()
    with log.open("wb") as file:
        process = subprocess.Popen(
            under_limits(command, memory),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
        )
        try:
            status, timed_out = process.wait(seconds), False
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            kill_all(process)
    if timed_out:
        status = process.returncode
    return Ended(status, timed_out, last_words(log), time.perf_counter() - began)


def kill_all(process: "subprocess.Popen[bytes]") -> None:
    """End a program that leads a session of its own, and what it started and left behind."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_words(log: Path) -> str:
    """The end of a log, as text."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LAST_WORDS))
        return file.read().decode("utf-8", "replace").strip()


def address_space() -> int:
    """Bytes of address space of this process; where nobody tells, a guess above it."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 8 << 30
    return pages * resource.getpagesize()


def signal_name(number: int) -> str:
    """`SIGSEGV` for 11, and a number for what has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
