"""Becomes another program, under limits: `python launcher.py MEMORY COMMAND ...`.

A program of its own because setting limits between fork and exec is not safe where threads run.
It imports nothing of nnref and starts in a few milliseconds.
"""

import os
import resource
import sys

LARGEST_FILE = 1 << 30
"""Bytes that the program may write to one file."""
NOT_STARTED = 127
"""Exit status when there is no such program, as shells have it."""


def main() -> None:
    """Set the limits and replace this process."""
    memory = int(sys.argv[1])
    limits = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, limit in limits:
        _, hard = resource.getrlimit(kind)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (lowest, lowest))
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{sys.argv[2]}: {error.strerror}\n")
        sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main()
