"""A user's command that says how well a model works.

Its words are split as a POSIX shell does it, but no shell runs; `{model}` in a word becomes the
path of a tensor file with all tensors of a model, in a format of MODEL's. The command runs in the
current folder with the environment of nnref and nothing on standard input, once for the model as it
is and once for each trial. It has to end with status 0 within its time. The last line on standard
output that is not empty is the number; `nan` says that the model does not work at all. The line may
also be a JSON object, whose first number counts.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from nnref.codec.model import TensorInfo, create_model, stored_dtype
from nnref.spec.errors import refusal

PLACE: Final = "{model}"
_FORMATS: Final = (".safetensors", ".npz", ".pt", ".pth")


class CommandEvaluation:
    """`Target.evaluate` by a command. Raises UsageError usage for one that cannot be run."""

    def __init__(self, command: str, model: str, timeout: float) -> None:
        """`model` gives the format of the files; `timeout` are seconds for each run."""
        try:
            self._words = shlex.split(command)
        except ValueError as failure:
            raise refusal("usage", f"--evaluate {command!r}: {failure}") from None
        if not any(PLACE in word for word in self._words):
            raise refusal("usage", f"--evaluate {command!r} has no {PLACE}")
        suffix = Path(model).suffix.lower()
        self._name = "model" + (suffix if suffix in _FORMATS else ".safetensors")
        self._timeout = timeout

    def __call__(self, tensors: Mapping[str, NDArray[Any]]) -> float:
        """The first number of `metrics`. Raises UsageError evaluation-failed."""
        return next(iter(self.metrics(tensors).values()))

    def metrics(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, float]:
        """Run the command on a model: all numbers that it says, at least one, by name.

        Raises UsageError evaluation-failed.
        """
        with tempfile.TemporaryDirectory(prefix="nnref-") as folder:
            path = Path(folder) / self._name
            _write(path, tensors)
            return self._numbers(self._output(path))

    def _output(self, path: Path) -> str:
        words = [word.replace(PLACE, str(path)) for word in self._words]
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as failure:
            raise refusal("evaluation-failed", f"{words[0]!r}: {failure.strerror}") from failure
        with process:
            try:
                output, errors = process.communicate(timeout=self._timeout)
            except BaseException as failure:
                _end(process)
                if not isinstance(failure, subprocess.TimeoutExpired):
                    raise
                detail = f"{words[0]!r} took longer than {self._timeout:g} s"
                raise refusal("evaluation-failed", detail) from None
        if process.returncode != 0:
            detail = f"{words[0]!r} ended with status {process.returncode}: {_last_line(errors)}"
            raise refusal("evaluation-failed", detail)
        return output

    def _numbers(self, output: str) -> dict[str, float]:
        line = _last_line(output)
        try:
            said = json.loads(line) if line.startswith("{") else {"metric": float(line)}
        except ValueError:
            said = {}
        numbers = {n: float(v) for n, v in said.items() if type(v) in (int, float)}
        if not numbers:
            detail = f"{self._words[0]!r} printed {line!r} last, which is no number"
            raise refusal("evaluation-failed", detail)
        return numbers


def _write(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    infos = {name: TensorInfo.of(array) for name, array in tensors.items()}
    stored = {
        name: TensorInfo(stored_dtype(path, info.dtype), info.shape) for name, info in infos.items()
    }
    with create_model(path, stored) as sink:
        for name, array in tensors.items():
            same = stored[name] == infos[name]
            sink.write(name, array if same else array.astype(stored[name].dtype))


def _end(process: subprocess.Popen[str]) -> None:
    """End a command and what it has started."""
    with contextlib.suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
