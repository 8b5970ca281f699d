"""Command lines of decoders: placeholders, and the formats of what they write."""

import json

import ml_dtypes
import numpy as np
import pytest

from nnref.conformance.runner import CommandDecoder, Ending
from nnref.conformance.runner.endings import ending_of
from nnref.conformance.runner.outputs import UnreadableError, read_output
from nnref.conformance.runner.process import Ended
from nnref.spec.errors import UsageError


def test_template_without_stream_or_out_is_refused():
    with pytest.raises(UsageError, match=r"\{out\}"):
        CommandDecoder("mydec {stream}")


def test_words_with_bases_are_repeated(cases, tmp_path):
    from dataclasses import replace

    case = replace(cases["matrix"], bases=(b"one", b"two"), limits={"max_units": 3})
    script = 'cat "$@" > words; echo "$@" >> words; cp words /dev/stderr; exit 3'
    decoder = CommandDecoder(
        f"sh -c '{script}' -- {{stream}} --base={{bases}} --limit={{limits}} {{dialect}} {{out}}"
    )
    outcome = decoder.decode(case)
    words = outcome.text.split()
    assert outcome.ending == Ending.REFUSED
    assert [word.rsplit("/", 1)[-1] for word in words] == [
        "stream.nnr", "base0.nnr", "base1.nnr", "--limit=max_units=3", "nncodec-2.x",
        "out.safetensors",
    ]  # fmt: skip
    assert words[1].startswith("--base=")


@pytest.mark.parametrize(
    ("status", "output", "ending"),
    [
        (0, "", Ending.DECODED),
        (1, "bad stream", Ending.REFUSED),
        (63, "", Ending.REFUSED),
        (64, "", Ending.CRASHED),
        (134, "", Ending.CRASHED),
        (-11, "", Ending.CRASHED),
        (1, "Traceback (most recent call last):\nKeyError: 1", Ending.CRASHED),
        (2, "panic: runtime error\n\ngoroutine 1 [running]:", Ending.CRASHED),
        (1, "==7==ERROR: AddressSanitizer: heap-buffer-overflow", Ending.CRASHED),
        (1, "x.cpp:9: runtime error: signed integer overflow", Ending.CRASHED),
    ],
)
def test_crash_and_refusal_are_told_apart(status, output, ending):
    assert ending_of(Ended(status, False, output, 0.1))[0] == ending


def test_raw_numbers_are_read_through_their_description(tmp_path):
    numbers = np.array([[1, -2], [3, 0.5]], ml_dtypes.bfloat16)
    flags = np.array([True, False])
    (tmp_path / "all.bin").write_bytes(b"??" + numbers.tobytes() + flags.tobytes())
    entries = [
        {"name": "n", "dtype": "bfloat16", "shape": [2, 2], "file": "all.bin", "offset": 2},
        {"name": "f", "dtype": "bool", "shape": [2], "file": "all.bin", "offset": 10},
    ]
    (tmp_path / "out.json").write_text(json.dumps({"tensors": entries}))
    found = read_output(tmp_path / "out.json")
    assert found["n"].dtype == ml_dtypes.bfloat16
    assert found["n"].tolist() == numbers.tolist()
    assert found["f"].tolist() == [True, False]


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"tensors": [{"name": "n"}]}',
     '{"tensors": [{"name": "n", "dtype": "int8", "shape": [9], "file": "out.json"}]}'],
)  # fmt: skip
def test_raw_output_that_cannot_be_read_says_why(tmp_path, text):
    (tmp_path / "out.json").write_text(text if "9" not in text else text.replace("9", "9999"))
    with pytest.raises(UnreadableError, match="cannot be read"):
        read_output(tmp_path / "out.json")


def test_output_that_was_not_written_is_named(tmp_path):
    with pytest.raises(UnreadableError, match="wrote no output"):
        read_output(tmp_path / "out.npz")
