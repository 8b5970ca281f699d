"""The peer's process may refuse, die or hang: each is told apart, and the next call works.

A Python of this environment stands in for the peer's: a package named `peer` elsewhere.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from nnref.conformance.interop import client
from nnref.conformance.interop.client import Peer, PeerDiedError, PeerError

STAND_IN = """
import os, signal, sys, time
from frames import read_message, write_message
while True:
    try:
        request = read_message(sys.stdin.buffer)
    except EOFError:
        break
    what = request.values["command"]
    if what == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "leave":
        sys.exit(3)
    elif what == "hang":
        time.sleep(60)
    elif what == "refuse":
        write_message(sys.stdout.buffer, {"error": "KeyError: 'x'"})
    else:
        write_message(sys.stdout.buffer, request.values, request.arrays)
"""


@pytest.fixture
def peer(tmp_path, monkeypatch):
    package = tmp_path / "peer"
    package.mkdir()
    (package / "__main__.py").write_text(STAND_IN)
    frames = Path(client.__file__).parent / "peer" / "frames.py"
    (tmp_path / "frames.py").write_text(frames.read_text())
    monkeypatch.setattr(client, "_FOLDER", tmp_path)
    with Peer(Path(sys.executable), timeout=5) as peer:
        yield peer


def test_call_returns_values_and_arrays(peer):
    reply = peer.call("echo", [np.arange(3)], number=4)
    assert reply.values == {"command": "echo", "number": 4}
    assert reply.arrays[0].tolist() == [0, 1, 2]


def test_refusal_keeps_the_process(peer):
    with pytest.raises(PeerError, match="KeyError: 'x'"):
        peer.call("refuse")
    assert peer.call("echo").values
    assert peer.restarts == 0


@pytest.mark.parametrize(("command", "cause"), [("die", "SIGSEGV"), ("leave", "status 3")])
def test_death_is_named_and_survived(peer, command, cause):
    with pytest.raises(PeerDiedError, match=cause):
        peer.call(command)
    assert peer.call("echo").values
    assert peer.restarts == 1


def test_hang_ends_after_the_time_allowed(peer):
    peer._timeout = 0.3
    with pytest.raises(PeerDiedError, match=r"no answer within 0\.3 s"):
        peer.call("hang")
