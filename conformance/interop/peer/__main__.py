"""Answers requests on standard input until it ends.

NNCodec prints to standard output, from Python and from C++. The protocol therefore keeps the
original descriptor to itself, and everything else that is printed goes to standard error.
"""

import os
import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import IO, Any

from .frames import Array, Message, read_message, write_message
from .framework import leave_out_framework
from .memory import peak_memory

Command = Callable[[Message], tuple[dict[str, Any], list[Array]]]

LONGEST_ERROR = 300
"""NNCodec's messages may hold a print of the whole model."""


def describe(_request: Message) -> tuple[dict[str, Any], list[Array]]:
    """Versions of what answers, and the peak memory of this process in bytes."""
    versions = {name: version(name) for name in ("nncodec", "numpy")}
    return versions | {"python": platform.python_version(), "peak_memory": peak_memory()}, []


def load_commands() -> dict[str, Command]:
    """Import NNCodec and name what it can be asked."""
    leave_out_framework()
    from . import chains, models, payloads  # noqa: PLC0415 - needs the line above

    return {
        "describe": describe,
        "compress": models.compress,
        "compress_with_tools": models.compress_with_tools,
        "decompress": models.decompress,
        "decompress_members": models.decompress_members,
        "start_chain": chains.start_chain,
        "compress_update": chains.compress_update,
        "decompress_update": chains.decompress_update,
        "encode_levels": payloads.encode_levels,
        "decode_levels": payloads.decode_levels,
        "quantize": payloads.quantize,
    }


def answer(commands: dict[str, Command], request: Message, replies: IO[bytes]) -> None:
    """Run one command and write its reply: seconds and results, or the error's text.

    SystemExit is among NNCodec's ways to refuse.
    """
    start, began = time.process_time(), time.perf_counter()
    try:
        values, arrays = commands[request.values["command"]](request)
    except (Exception, SystemExit) as error:
        text = f"{type(error).__name__}: {error}"
        write_message(replies, {"error": text[:LONGEST_ERROR]})
    else:
        seconds = {
            "cpu_seconds": time.process_time() - start,
            "wall_seconds": time.perf_counter() - began,
        }
        write_message(replies, values | seconds, arrays)


def main() -> None:
    """Serve until the other side closes the pipe."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    commands = load_commands()
    while True:
        try:
            request = read_message(sys.stdin.buffer)
        except EOFError:
            return
        answer(commands, request, replies)


main()
