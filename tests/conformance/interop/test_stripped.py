"""Streams with methods, stripped: the same numbers, here and in NNCodec."""

import os
from pathlib import Path

import pytest

from nnref.codec import decode
from nnref.codec.strip import strip
from nnref.conformance.interop.client import Peer, PeerDiedError
from nnref.conformance.interop.stripped import (
    IDENTICAL,
    Stripped,
    compare_stripped,
    page,
    stripped_cases,
)

CASES = {sheet.id: sheet for sheet in stripped_cases()}


class Scripted:
    """Stands for NNCodec: decodes by nnref, or dies."""

    def __init__(self, death=""):
        self.death = death

    def decompress(self, stream):
        if self.death:
            raise PeerDiedError(self.death)
        return decode(stream)


def test_every_layer_of_the_suite_has_an_ordinary_form_of_the_same_numbers():
    lnq = [sheet for sheet in CASES.values() if "lnq" in sheet.features]
    assert len(lnq) > 100
    for sheet in lnq:
        data, report = strip(sheet.data, replace_units=True)
        assert report.lost == ()
        before, after = decode(sheet.data), decode(data)
        assert {n: (a.dtype, a.tobytes()) for n, a in before.items()} == {
            n: (a.dtype, a.tobytes()) for n, a in after.items()
        }


def test_same_numbers_are_identical():
    assert compare_stripped(CASES["lnq-eight"], Scripted()) == Stripped(
        "lnq-eight", ("lnq",), IDENTICAL
    )


def test_what_is_known_is_explained_and_nothing_else():
    known = compare_stripped(CASES["lnq-empty"], Scripted("SIGFPE"))
    other = compare_stripped(CASES["lnq-eight"], Scripted("SIGSEGV"))
    assert known.is_explained
    assert not other.is_explained
    text = page([known, other], "2.1.3")
    assert "| lnq | 2 | 0 | 1 | 1 |" in text
    assert "| `lnq-empty` | SIGFPE | P-20 |" in text


@pytest.mark.interop
def test_nncodec_decodes_them_or_it_is_known_why_not():
    python = os.environ.get("NNREF_PEER_PYTHON")
    if python is None:
        pytest.skip("NNREF_PEER_PYTHON is not set")
    with Peer(Path(python)) as peer:
        rows = [compare_stripped(sheet, peer) for sheet in CASES.values()]
    assert [row for row in rows if not row.is_explained] == []
    assert sum(row.outcome == IDENTICAL for row in rows if "lnq" in row.methods) >= 100
