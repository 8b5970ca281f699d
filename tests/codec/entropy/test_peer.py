"""Codewords of NNCodec 2.1.3's C++ binding, byte by byte, in both directions."""

import os
import pickle
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from nnref.spec.tables.enums import Dialect
from tests.codec.entropy.cases import SEARCHES, cases, decode, encode

pytestmark = pytest.mark.interop
many = settings(deadline=None, max_examples=400)


@pytest.fixture(scope="module")
def peer():
    """Asks the peer's process: `peer(function, *arguments)`."""
    python = os.environ.get("NNREF_PEER_PYTHON")
    if not python:
        pytest.skip("NNREF_PEER_PYTHON is not set")
    command = [python, str(Path(__file__).with_name("peer_side.py"))]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:

        def ask(name, *arguments):
            pickle.dump((name, arguments), process.stdin)
            process.stdin.flush()
            return pickle.load(process.stdout)

        yield ask
        process.kill()


def described(case):
    """A case in plain numbers."""
    syntax = case.syntax
    return {
        "shape": (syntax.rows, syntax.columns) if syntax.columns > 1 else (syntax.rows,),
        "unary_length": syntax.unary_length,
        "dq_flag": syntax.dq_flag,
        "scan_order": syntax.scan_order,
        "profile": syntax.profile,
        "parent": int(syntax.parent),
        "codebook_size": syntax.codebook_size,
        "codebook_zero_offset": syntax.codebook_zero_offset,
        "front": case.front,
        "quantized": case.quantized.tolist(),
        "base": case.base.tolist() if syntax.uses_base else None,
        "history": case.history.tolist() if case.coded_history_flag else None,
        "skipped": case.skipped,
    }


def test_peer_writes_the_same_bytes(peer):
    @given(cases(most_rows=70, most_columns=70))
    @many
    def check(case):
        assume(case.dialect == Dialect.NNCODEC_2)
        for optimize, search in enumerate(("off", "compatible")):
            payload, _ = encode(case, search)
            assert payload == peer("encode", described(case), optimize)
            assert decode(case, payload)[0].tolist() == case.quantized.tolist()

    check()


def test_peer_reads_what_we_write(peer):
    @given(cases(most_rows=70, most_columns=70))
    @many
    def check(case):
        assume(case.dialect == Dialect.NNCODEC_2)
        for search in SEARCHES:
            payload, points = encode(case, search)
            packed = [(p.bit_offset << 11) + (p.offset << 3) + p.dq_state for p in points]
            front, quantized, consumed = peer("decode", described(case), payload, packed)
            assert (front, consumed) == (case.front[1], len(payload))
            assert quantized == case.quantized.tolist()

    check()
