"""The run against the real NNCodec: no divergence without a known defect."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from nnref.conformance.interop.__main__ import run
from nnref.conformance.interop.comparison import Verdict
from nnref.conformance.interop.defects import Direction

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def report():
    python = os.environ.get("NNREF_PEER_PYTHON")
    if python is None:
        pytest.skip("NNREF_PEER_PYTHON is not set")
    return run(Path(python), 20, 20, 52, 11, Console(quiet=True))


@pytest.mark.parametrize("direction", Direction)
def test_random_models_agree(report, direction):
    assert report.diverged == []
    assert report.counts(direction)[Verdict.IDENTICAL] >= 15


def test_every_known_defect_still_shows(report):
    shown = {outcome.defect for _, outcome in report.provoked}
    assert {made_for for made_for, _ in report.provoked} <= shown
