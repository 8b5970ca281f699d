"""Peak memory is this program's own, and a peak: it stays when memory is given back."""

import json
import subprocess
import sys

from nnref.conformance.interop.peer import memory

MEBIBYTE = 1 << 20
SCRIPT = """
import json, runpy, sys
peak_memory = runpy.run_path(sys.argv[1])["peak_memory"]
before = peak_memory()
used = bytearray(b"1") * (64 << 20)
during = peak_memory()
del used
print(json.dumps([before, during, peak_memory()]))
"""


def test_peak_grows_with_memory_that_is_used_stays_and_leaves_the_parent_out():
    parent_memory = bytearray(b"1") * (128 * MEBIBYTE)
    command = [sys.executable, "-S", "-c", SCRIPT, memory.__file__]
    output = subprocess.run(command, capture_output=True, check=True).stdout
    before, during, after = json.loads(output)
    assert before < len(parent_memory) / 2
    assert during - before > 60 * MEBIBYTE
    assert after > during - MEBIBYTE
