"""NNCodec as a decoder under test: what it raises refuses, a process that dies has crashed."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from nnref.conformance.interop.client import PeerDiedError, PeerError
from nnref.conformance.runner import Ending
from nnref.conformance.runner.peer import PeerDecoder
from nnref.spec.tables.enums import Dialect
from nnref.tools.cli import app


class Scripted:
    def __init__(self, error=None):
        self.error = error

    def decompress(self, _stream):
        if self.error:
            raise self.error
        return {}


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (None, Ending.DECODED),
        (PeerError("KeyError: 'w_G'"), Ending.REFUSED),
        (PeerDiedError("SIGFPE"), Ending.CRASHED),
        (PeerDiedError("no answer within 20 s"), Ending.HUNG),
    ],
)
def test_ending_is_that_of_the_process(cases, error, ending):
    decoder = PeerDecoder(Path("python"))
    decoder._peer = Scripted(error)
    assert decoder.decode(cases["matrix"]).ending == ending


@pytest.mark.parametrize(
    "more",
    [
        {"bases": (b"base",)},
        {"out_of_band": {"w": {"tensor_dimensions": [1]}}},
        {"limits": {"max_units": 3}},
        {"dialect": Dialect.NNCODEC_1},
        {"as_coded": False},
    ],
)
def test_what_its_function_cannot_be_told_is_not_run(cases, more):
    outcome = PeerDecoder(Path("python")).decode(replace(cases["matrix"], **more))
    assert outcome.ending == Ending.NOT_RUN
    assert "takes no" in outcome.text


def test_environment_that_is_not_there_is_named(capsys, tmp_path):
    python = str(tmp_path / "python")
    status = app.run(["conformance", "run", "--adapter", "nncodec", "--peer-python", python])
    assert status == 7
    assert "nnref.conformance.interop makes the environment" in capsys.readouterr().err


@pytest.mark.interop
def test_the_real_one_passes_the_first_streams(capsys):
    python = os.environ.get("NNREF_PEER_PYTHON")
    if python is None:
        pytest.skip("NNREF_PEER_PYTHON is not set")
    arguments = ["--adapter", "nncodec", "--peer-python", python, "--fresh", "1"]
    assert app.run(["conformance", "run", "first", "dependent", *arguments]) == 0
    assert "3 pass" in capsys.readouterr().out
