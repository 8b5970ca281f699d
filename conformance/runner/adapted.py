"""A decoder that is a Python function: one worker process per thread, for many cases."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Lock, Timer, local
from typing import IO, Any, Final

from nnref.conformance.runner.case import Case
from nnref.conformance.runner.command import Allowance, with_output
from nnref.conformance.runner.outcome import Ending, Outcome
from nnref.conformance.runner.process import kill_all, last_words, signal_name
from nnref.conformance.runner.workspace import Workspace, workspace
from nnref.spec.errors import refusal

_START_SECONDS: Final = 120.0
"""To import the adapter and what it needs."""


class AdaptedDecoder:
    """The decoder behind an adapter `module:function` (see `adapter.Adapter`).

    `name` is what reports call it. A worker that crashes or hangs is replaced by a new one.
    Raises UsageError setting-unknown when there is no such function.
    """

    def __init__(
        self, adapter: str, allowance: Allowance | None = None, name: str | None = None
    ) -> None:
        self.name = name or adapter
        self._adapter = adapter
        self._allowance = allowance or Allowance()
        self._own = local()
        self._workers: list[_Worker] = []
        self._lock = Lock()
        self._worker()

    def decode(self, case: Case) -> Outcome:
        """Hand the case to the worker of this thread."""
        memory = case.budget.memory_bytes + self._allowance.memory
        seconds = case.budget.seconds + self._allowance.seconds
        began = time.perf_counter()
        with workspace(case, "safetensors") as files:
            reply = self._worker().ask(_request(case, files, memory), seconds)
            ending = Ending(reply["ending"])
            found = Outcome(ending, text=reply["text"], seconds=time.perf_counter() - began)
            if ending != Ending.DECODED:
                return found
            if found.text:
                problem = f"its tensors cannot be written: {found.text}"
                return Outcome(ending, text=found.text, problem=problem, seconds=found.seconds)
            return with_output(found, files)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            for worker in self._workers:
                worker.close()
            self._workers.clear()

    def _worker(self) -> "_Worker":
        """That of this thread; a new one when it has none that lives."""
        worker: _Worker | None = getattr(self._own, "worker", None)
        if worker is None or not worker.is_alive:
            worker = _Worker(self._adapter)
            self._own.worker = worker
            with self._lock:
                self._workers = [one for one in self._workers if one.is_alive]
                self._workers.append(worker)
        return worker


def _request(case: Case, files: Workspace, memory: int) -> dict[str, Any]:
    return {
        "stream": str(files.stream),
        "bases": [str(base) for base in files.bases],
        "out": str(files.out),
        "semantics": case.semantics,
        "as_coded": case.as_coded,
        "out_of_band": {name: dict(given) for name, given in case.out_of_band.items()},
        "limits": dict(case.limits),
        "dialect": case.dialect.label,
        "memory": memory,
    }


class _Worker:
    """One process of `worker`, and the log of what it prints."""

    def __init__(self, adapter: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nnref-")
        self._log = Path(self._folder.name) / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nnref.conformance.runner.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        ready = self._exchange(adapter, _START_SECONDS)
        if ready["ending"] != "ready":
            self.close()
            raise refusal("setting-unknown", f"no adapter {ready['text']}")

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], seconds: float) -> dict[str, str]:
        """The reply to a request; that it hung or crashed when there is none."""
        return self._exchange(json.dumps(request), seconds)

    def close(self) -> None:
        """End the process."""
        kill_all(self._process)
        for pipe in _pipes(self._process):
            pipe.close()
        self._folder.cleanup()

    def _exchange(self, line: str, seconds: float) -> dict[str, str]:
        requests, replies = _pipes(self._process)
        timer = Timer(seconds, self._process.kill)
        timer.start()
        try:
            requests.write(line.encode() + b"\n")
            requests.flush()
            reply: dict[str, str] = json.loads(replies.readline())
        except (BrokenPipeError, ValueError):
            return self._obituary(seconds, timed_out=not timer.is_alive())
        finally:
            timer.cancel()
        return reply

    def _obituary(self, seconds: float, *, timed_out: bool) -> dict[str, str]:
        words = last_words(self._log).splitlines()[-1:]
        self.close()
        if timed_out:
            return {"ending": Ending.HUNG, "text": f"no end within {seconds:.1f} s"}
        status = self._process.returncode
        how = f"ended by {signal_name(-status)}" if status < 0 else f"exit status {status}"
        return {"ending": Ending.CRASHED, "text": ": ".join([how, *words])}


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
