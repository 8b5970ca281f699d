"""The three comparisons of one model, and what they found."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from nnref.codec import decode, encode
from nnref.conformance.interop.client import Peer, PeerError, Tensors
from nnref.conformance.interop.defects import Direction, explain
from nnref.conformance.interop.models import Case
from nnref.spec.errors import NnrError


class Verdict(Enum):
    """How one comparison ended."""

    IDENTICAL = "identical"
    EXPLAINED = "explained"
    """Different, and a known defect of the peer applies."""
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Outcome:
    """One comparison of one case. `reason` says what differed."""

    direction: Direction
    case: str
    verdict: Verdict
    reason: str = ""
    defect: str = ""
    """Id of the defect that explains it."""
    affected: frozenset[str] = frozenset()
    """The tensors that the defect acts on."""


def compare_case(case: Case, peer: Peer) -> Iterator[Outcome]:
    """All three directions of one case, then of what is left of it when defects of the peer act."""
    theirs, failure = _peer_stream(case, peer)
    decoded = _peer_tensors(theirs, peer)
    outcomes = [
        judge(Direction.OURS_TO_PEER, case, decoded, _ours_to_peer(case, peer)),
        judge(Direction.PEER_TO_OURS, case, decoded, failure or _peer_to_ours(theirs, decoded)),
        judge(Direction.SAME_BYTES, case, decoded, failure or _same_bytes(case, theirs, decoded)),
    ]
    yield from outcomes
    affected = frozenset[str]().union(*(outcome.affected for outcome in outcomes))
    rest = {name: tensor for name, tensor in case.tensors.items() if name not in affected}
    if affected and rest:
        yield from compare_case(Case(f"rest of {case.label}", rest, case.settings), peer)


def judge(direction: Direction, case: Case, decoded: Tensors, reason: str) -> Outcome:
    """The outcome of a comparison that ended with `reason`; `decoded` is by the peer."""
    if not reason:
        return Outcome(direction, case.label, Verdict.IDENTICAL)
    explanation = explain(direction, case, decoded, reason)
    if explanation is None:
        return Outcome(direction, case.label, Verdict.DIVERGED, reason)
    defect, names = explanation
    verdict = Verdict.EXPLAINED
    return Outcome(direction, case.label, verdict, reason, defect.id, frozenset(names))


def _peer_stream(case: Case, peer: Peer) -> tuple[bytes, str]:
    try:
        return peer.compress(case.tensors, case.settings.for_peer()), ""
    except PeerError as error:
        return b"", f"NNCodec cannot encode: {error}"


def _peer_tensors(stream: bytes, peer: Peer) -> Tensors:
    try:
        return peer.decompress(stream) if stream else {}
    except PeerError:
        return {}


def _ours_to_peer(case: Case, peer: Peer) -> str:
    # nnref refuses a qp that overflows, unless it is to write NNCodec's bytes: then it raises it.
    settings = case.settings
    options = settings.for_same_bytes() if case.overflows else settings.for_nnref()
    try:
        stream = encode(case.tensors, **options)
        return first_difference(decode(stream), peer.decompress(stream))
    except NnrError as error:
        return f"nnref: {error}"
    except PeerError as error:
        return f"NNCodec cannot decode: {error}"


def _peer_to_ours(stream: bytes, decoded: Tensors) -> str:
    if not decoded:
        return "NNCodec cannot decode its own stream"
    try:
        return first_difference(decode(stream), decoded)
    except NnrError as error:
        return f"nnref: {error}"


def _same_bytes(case: Case, theirs: bytes, decoded: Tensors) -> str:
    try:
        ours = encode(case.tensors, **case.settings.for_same_bytes())
    except NnrError as error:
        return f"nnref: {error}"
    if ours == theirs:
        return ""
    position = next(
        (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b),
        min(len(ours), len(theirs)),
    )
    mine = _facts(case.tensors, ours, decode(ours))
    other = _facts(case.tensors, theirs, decoded)
    return f"byte {position} differs (nnref {mine}; NNCodec {other})"


def _facts(original: Tensors, stream: bytes, decoded: Tensors) -> str:
    """Size and error of a stream: of two that differ, they tell which one is right."""
    if original.keys() != decoded.keys():
        return f"{len(stream)} bytes, not decodable"
    error = sum(
        float(((tensor - np.asarray(decoded[name], float)) ** 2).sum())
        for name, tensor in original.items()
    )
    return f"{len(stream)} bytes, squared error {error:.3g}"


def first_difference(ours: Tensors, theirs: Tensors) -> str:
    """What differs first between two sets of tensors (order, names, dtypes, shapes, bytes)."""
    if list(ours) != list(theirs):
        return f"names {list(ours)} and {list(theirs)}"
    for name, mine in ours.items():
        other = theirs[name]
        if (mine.dtype, mine.shape) != (other.dtype, other.shape):
            return f"{name!r}: {mine.dtype}{mine.shape} and {other.dtype}{other.shape}"
        if mine.tobytes() != other.tobytes():
            wrong = int((mine.view("u4") != other.view("u4")).sum())
            return f"{name!r}: {wrong} of {mine.size} values differ"
    return ""
