"""NNCodec 2.1.3 as a decoder that can be tested, in its own virtual environment."""

from pathlib import Path
from threading import Lock
from time import perf_counter

from nnref.conformance.interop.client import Peer, PeerDiedError, PeerError
from nnref.conformance.runner.case import Case
from nnref.conformance.runner.outcome import Ending, Outcome
from nnref.spec.tables.enums import Dialect


class PeerDecoder:
    """`nncodec.nnc.decompress` in a process of its own, one stream at a time.

    It documents no exception for a bad stream: all that it raises counts as a refusal. A process
    that dies has crashed. What its function cannot be told is not run. `python` is the interpreter
    of the environment; `seconds` are what one stream may take.
    """

    name = "NNCodec 2.1.3"

    def __init__(self, python: Path, seconds: float = 20.0) -> None:
        self._peer = Peer(python, seconds)
        self._lock = Lock()

    def decode(self, case: Case) -> Outcome:
        """Decompress the stream of a case."""
        untold = _untold(case)
        if untold:
            return Outcome(Ending.NOT_RUN, text=f"nncodec.nnc.decompress takes no {untold}")
        with self._lock:
            began = perf_counter()
            outcome = self._decompressed(case.stream)
            seconds = perf_counter() - began
        return Outcome(outcome.ending, outcome.tensors, outcome.text, seconds=seconds)

    def close(self) -> None:
        """End its process."""
        self._peer.close()

    def _decompressed(self, stream: bytes) -> Outcome:
        try:
            return Outcome(Ending.DECODED, self._peer.decompress(stream))
        except PeerDiedError as death:
            hung = str(death).startswith("no answer")
            return Outcome(Ending.HUNG if hung else Ending.CRASHED, text=str(death))
        except PeerError as error:
            return Outcome(Ending.REFUSED, text=str(error))


def _untold(case: Case) -> str:
    """What the case needs and the function has no argument for."""
    needs = {
        "earlier streams": bool(case.bases),
        "dimensions out of band": bool(case.out_of_band),
        "limits": bool(case.limits),
        "older dialect": case.dialect != Dialect.NNCODEC_2,
        "request to compose": not case.as_coded,
    }
    return ", ".join(name for name, needed in needs.items() if needed)
