"""The peer as an object: calls into its process, which is replaced when it dies or hangs."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from nnref.conformance.interop.peer.frames import Array, Message, read_message, write_message

Tensors = dict[str, Array]

_FOLDER = Path(__file__).parent
"""Where `python -m peer` finds its package."""


class PeerError(Exception):
    """The peer refused, with the text of its exception."""


class PeerDiedError(PeerError):
    """The peer's process ended, by a signal or after the time allowed for one call."""


class Peer:
    """NNCodec in a process of its own; a context manager.

    `python` is the interpreter of the peer's virtual environment; `timeout` are the seconds one
    call may take. After a crash the next call starts a new process.
    """

    def __init__(self, python: Path, timeout: float = 120.0) -> None:
        self.restarts = 0
        self._command = [str(python.absolute()), "-m", "peer"]
        self._timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, command: str, arrays: Sequence[Array] = (), **values: Any) -> Message:
        """One request and its reply, whose `cpu_seconds` is the time the command itself took.

        Raises PeerError when the peer refuses, PeerDiedError when its process is gone.
        """
        process = self._running()
        requests, replies = _pipes(process)
        timer = Timer(self._timeout, process.kill)
        timer.start()
        try:
            write_message(requests, values | {"command": command}, arrays)
            reply = read_message(replies)
        except (EOFError, BrokenPipeError):
            raise PeerDiedError(self._obituary(timed_out=not timer.is_alive())) from None
        finally:
            timer.cancel()
        if "error" in reply.values:
            raise PeerError(reply.values["error"])
        return reply

    def compress(self, tensors: Tensors, options: Mapping[str, Any]) -> bytes:
        """A stream of float32 and int32 tensors; `options` are NNCodec's, and `profile`."""
        reply = self.call(
            "compress", list(tensors.values()), names=list(tensors), options=dict(options)
        )
        return reply.arrays[0].tobytes()

    def decompress(self, stream: bytes, **options: Any) -> Tensors:
        """The tensors of a stream, in the order NNCodec gives them; options are NNCodec's."""
        reply = self.call("decompress", [np.frombuffer(stream, np.uint8)], options=options)
        return dict(zip(reply.values["names"], reply.arrays, strict=True))

    def compress_with_tools(self, tensors: Tensors, options: Mapping[str, Any]) -> bytes:
        """A stream with tools that NNCodec's `compress` does not offer, or not in both profiles."""
        arrays, names = list(tensors.values()), list(tensors)
        reply = self.call("compress_with_tools", arrays, names=names, options=dict(options))
        return reply.arrays[0].tobytes()

    def decompress_members(self, stream: bytes) -> Tensors:
        """The coded tensors of a stream: factors are not multiplied."""
        reply = self.call("decompress_members", [np.frombuffer(stream, np.uint8)])
        return dict(zip(reply.values["names"], reply.arrays, strict=True))

    def start_chain(self) -> None:
        """Forget what NNCodec's encoder and decoder have kept of earlier streams."""
        self.call("start_chain")

    def compress_update(self, differences: Tensors, options: Mapping[str, Any]) -> bytes:
        """The next update of a chain."""
        reply = self.call(
            "compress_update",
            list(differences.values()),
            names=list(differences),
            options=dict(options),
        )
        return reply.arrays[0].tobytes()

    def decompress_update(self, stream: bytes, *, is_base: bool = False) -> Tensors:
        """The tensors of the next stream of a chain, as they are coded."""
        data = [np.frombuffer(stream, np.uint8)]
        reply = self.call("decompress_update", data, is_base=is_base)
        return dict(zip(reply.values["names"], reply.arrays, strict=True))

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        requests, replies = _pipes(process)
        with contextlib.suppress(BrokenPipeError):
            requests.close()
        process.wait()
        replies.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_FOLDER,
                env=_environment(),
            )
        return self._process

    def _obituary(self, timed_out: bool) -> str:
        process = self._process
        assert process is not None
        self.close()
        self.restarts += 1
        if timed_out:
            return f"no answer within {self._timeout:g} s"
        status = process.returncode
        return signal.Signals(-status).name if status < 0 else f"ended with status {status}"


def _environment() -> dict[str, str]:
    """That of this process, on one thread and without a path to packages of this environment."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"OMP_NUM_THREADS": "1"}


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout
