"""Peak memory of this process."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Peak resident memory in bytes.

    getrusage counts the parent's pages too, from before this process was its own program; where
    the kernel states the peak of the program itself, that is taken.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
