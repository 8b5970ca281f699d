"""Coding tools: what the two codecs make of each other's streams with one tool or another."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnref.codec import decode, encode
from nnref.conformance.interop.client import Peer, PeerError, Tensors
from nnref.conformance.interop.comparison import Outcome, Verdict, first_difference
from nnref.conformance.interop.defects import Direction
from nnref.spec.errors import NnrError

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Deviation:
    """What NNCodec is known to do with a case: an entry of annex C, and by what it shows."""

    entry: str
    symptom: str
    """A regular expression that the difference matches."""
    always: bool = True
    """Whether it has to show in every case that it is named for."""


@dataclass(frozen=True)
class ToolCase:
    """A model for one tool, and how either codec is asked for it; None: it has no such tool."""

    tool: str
    tensors: Tensors
    ours: Options | None = None
    theirs: Options | None = None
    their_tensors: Tensors = field(default_factory=dict)
    """What NNCodec is given, where it is not the model: factors."""
    reading: Deviation | None = None
    """What it does with our stream."""
    writing: Deviation | None = None
    """What is different about its own stream."""
    composed: bool = False
    """Whether both are asked for composed weights (clause 10.6), not for the coded tensors."""


def compare_tool(case: ToolCase, number: int, peer: Peer) -> Iterator[Outcome]:
    """The directions of one case that there are."""
    label = f"{case.tool} {number}"
    if case.ours is not None:
        reason = _ours_to_peer(case, peer)
        yield _judged(Direction.OUR_TOOLS, label, reason, case.reading)
    if case.theirs is not None:
        reason = _peer_to_ours(case, peer)
        yield _judged(Direction.PEER_TOOLS, label, reason, case.writing)


def _judged(direction: Direction, label: str, reason: str, known: Deviation | None) -> Outcome:
    if known is not None and re.search(known.symptom, reason):
        return Outcome(direction, label, Verdict.EXPLAINED, reason, known.entry)
    if known is not None and known.always and not reason:
        return Outcome(direction, label, Verdict.DIVERGED, f"{known.entry} does not show")
    return Outcome(direction, label, Verdict.DIVERGED if reason else Verdict.IDENTICAL, reason)


def _ours_to_peer(case: ToolCase, peer: Peer) -> str:
    try:
        stream = encode(case.tensors, **(case.ours or {}))
        ours = decode(stream, as_coded=not case.composed)
        return _difference(ours, _read_by_peer(case, stream, peer))
    except NnrError as error:
        return f"nnref: {error}"
    except PeerError as error:
        return f"NNCodec cannot decode: {error}"


def _peer_to_ours(case: ToolCase, peer: Peer) -> str:
    tensors = case.their_tensors or case.tensors
    try:
        stream = peer.compress_with_tools(tensors, case.theirs or {})
    except PeerError as error:
        return f"NNCodec cannot encode: {error}"
    try:
        theirs = _read_by_peer(case, stream, peer)
    except PeerError as error:
        return f"NNCodec cannot decode its own stream: {error}"
    try:
        return _difference(decode(stream, as_coded=not case.composed), theirs)
    except NnrError as error:
        return f"nnref: {error}"


def _read_by_peer(case: ToolCase, stream: bytes, peer: Peer) -> Tensors:
    if case.composed:
        return peer.decompress(stream, reconstruct_lsa=True)
    return peer.decompress_members(stream)


def _difference(ours: Tensors, theirs: Tensors) -> str:
    """What differs; where it is the width of codebook values alone, that is what is said."""
    narrow = {
        name: a.astype(np.float32) if a.dtype == np.float64 else a for name, a in theirs.items()
    }
    return first_difference(ours, narrow) or first_difference(ours, theirs)
