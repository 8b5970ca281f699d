"""Decoders that are wrong in one way: `python decoders.py SUITE HOW STREAM OUT`.

None of them decodes: they look the stream up in the suite and start from the file beside it.
"""

import json
import os
import shutil
import signal
import struct
import sys
import time
from pathlib import Path


def expected_of(suite, stream):
    """The expected tensors of a stream of the suite; None for one that has none."""
    data = Path(stream).read_bytes()
    for sheet in map(json.loads, (path.read_text() for path in suite.glob("*/*.json"))):
        folder = suite / sheet["group"]
        if (folder / sheet["stream"]["file"]).read_bytes() == data and "expected" in sheet:
            return folder / sheet["expected"]["file"]
    return None


def read(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), bytearray(data[8 + size :])


def write(path, header, data):
    text = json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def altered(change):
    def decode(suite, stream, out):
        found = expected_of(suite, stream)
        if found is None:
            sys.exit("refused")
        header, data = read(found)
        header.pop("__metadata__", None)
        change(header, data)
        write(out, header, data)

    return decode


def off_by_one(_header, data):
    data[0] ^= 1


def wrong_dtype(header, _data):
    for entry in header.values():
        entry["dtype"] = {"F32": "I32", "I32": "F32"}[entry["dtype"]]


def missing_tensor(header, data):
    last = max(header, key=lambda name: header[name]["data_offsets"][1])
    del data[header.pop(last)["data_offsets"][0] :]


def accept_all(suite, stream, out):
    shutil.copy(expected_of(suite, stream) or next(suite.glob("*/*.safetensors")), out)


def reject_all(_suite, _stream, _out):
    sys.exit("I refuse: unit 0, bit 17")


def crash(_suite, _stream, _out):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(_suite, _stream, _out):
    time.sleep(60)


def uncaught(_suite, _stream, _out):
    raise ValueError("nobody catches this")


def abort_status(_suite, _stream, _out):
    sys.exit(101)


def silent(_suite, _stream, _out):
    """Ends with status 0 and writes nothing."""


def greedy(suite, stream, out):
    taken = bytearray(6 << 30)
    accept_all(suite, stream, out)
    return taken


HOW = {
    "accept-all": accept_all,
    "reject-all": reject_all,
    "crash": crash,
    "hang": hang,
    "echo": altered(lambda _header, _data: None),
    "off-by-one": altered(off_by_one),
    "wrong-dtype": altered(wrong_dtype),
    "missing-tensor": altered(missing_tensor),
    "uncaught": uncaught,
    "abort-status": abort_status,
    "silent": silent,
    "greedy": greedy,
}

if __name__ == "__main__":
    HOW[sys.argv[2]](Path(sys.argv[1]), sys.argv[3], sys.argv[4])
