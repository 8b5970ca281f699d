"""What several tests need."""

import os
from pathlib import Path

import pytest


def shared_dir() -> Path:
    """The folder of vectors and networks beside the checkout; skips the test without one."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("NNREF_SHARED", beside))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}: set NNREF_SHARED")
    return folder


def needs_pictures() -> None:
    """Skips the test without PyAV, which decodes and codes pictures (clause 15.2)."""
    pytest.importorskip("av", reason="no PyAV: pip install 'nnref[video]'")
