"""Update chains: random ones, and what the two codecs make of each other's."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from nnref.codec import Chain, Stream, encode
from nnref.conformance.interop.client import Peer, PeerError, Tensors
from nnref.conformance.interop.comparison import Outcome, first_difference, judge
from nnref.conformance.interop.defects import Direction
from nnref.conformance.interop.models import (
    Case,
    Random,
    Settings,
    random_name,
    random_settings,
    random_tensor,
    typical_step,
)
from nnref.conformance.interop.peer.frames import Array
from nnref.spec.errors import NnrError

_PARENT_IDS: Final = ("ids", "ids", "sha256", "sha512")


@dataclass(frozen=True)
class ChainCase:
    """A model and what becomes of it; `label` identifies it in a report."""

    label: str
    models: tuple[Tensors, ...]
    settings: Settings
    temporal: bool
    """Whether NNCodec is to use temporal contexts; nnref does where that is shorter."""
    parent_id: str
    """How nnref names parents; NNCodec writes ids."""


def random_chain_case(seed: int, index: int) -> ChainCase:
    """The chain number `index` of a run: 1 to 4 tensors, 2 to 5 updates.

    Tensors that NNCodec cannot encode with a block scan, and empty ones, are left to the
    comparisons of single models.
    """
    random = np.random.default_rng([seed, index, 12])
    settings = replace(random_settings(random), profile=1)
    step = typical_step(settings)
    count = int(random.integers(1, 5))
    models = [{random_name(random, i): _usual(random, step, settings) for i in range(count)}]
    places = {name: random.random(t.shape) < random.random() for name, t in models[0].items()}
    for _ in range(int(random.integers(2, 6))):
        models.append(
            {name: _changed(random, t, places[name], step) for name, t in models[-1].items()}
        )
    return ChainCase(
        f"chain {index}",
        tuple(models),
        settings,
        temporal=bool(random.random() < 0.7),
        parent_id=str(random.choice(_PARENT_IDS)),
    )


def _usual(random: Random, step: float, settings: Settings) -> Array:
    while True:
        tensor = random_tensor(random, step)
        fits = np.abs(tensor).max(initial=0) < 2.0**24 * step
        vector = tensor.ndim > 1 and tensor.size in (tensor.shape[0], tensor[0].size)
        if tensor.size and fits and not (settings.scan_order and vector):
            return tensor


def _changed(random: Random, tensor: Array, places: Array, step: float) -> Array:
    """Mostly the same places change, by a few steps; a tensor can also stay, or become another."""
    kind = random.random()
    if kind < 0.15:
        return tensor
    if tensor.dtype == np.int32:
        return tensor + (places * random.integers(-4, 5, tensor.shape)).astype(np.int32)
    if kind < 0.25:
        return np.asarray(random.permuted(tensor) * np.float32(1.5), np.float32)
    change = random.laplace(size=tensor.shape) * step * 2.0 ** random.uniform(-1, 5)
    return np.asarray(tensor + places * change, np.float32)


def compare_chain(case: ChainCase, peer: Peer) -> Iterator[Outcome]:
    """Both directions of one chain, then of what is left of it when defects of the peer act."""
    outcomes = [_judge(case, *_ours_to_peer(case, peer)), _judge(case, *_peer_to_ours(case, peer))]
    yield from outcomes
    affected = frozenset[str]().union(*(outcome.affected for outcome in outcomes))
    rest = tuple({n: t for n, t in model.items() if n not in affected} for model in case.models)
    if affected and rest[0]:
        yield from compare_chain(replace(case, label=f"rest of {case.label}", models=rest), peer)


def _judge(case: ChainCase, direction: Direction, reason: str, decoded: Tensors) -> Outcome:
    """`decoded` are the last updates of all tensors before the streams part."""
    return judge(direction, Case(case.label, case.models[0], case.settings), decoded, reason)


def _ours_to_peer(case: ChainCase, peer: Peer) -> tuple[Direction, str, Tensors]:
    """Every stream of a chain of ours, decoded by both."""
    direction, options = Direction.OUR_UPDATES, case.settings.for_nnref()
    chain, decoded = Chain(), Tensors()
    peer.start_chain()
    for number, model in enumerate(case.models):
        base: dict[str, Any] = {"base": chain, "parent_id": case.parent_id} if number else {}
        try:
            stream = encode(model, device_id=0, **base, **options)
            ours = dict(Stream(stream, base=chain.state))
            theirs = peer.decompress_update(stream, is_base=number == 0)
            chain = chain.after(stream)
        except NnrError as error:
            return direction, f"stream {number}: nnref: {error}", decoded
        except PeerError as error:
            return direction, f"stream {number}: NNCodec cannot decode: {error}", decoded
        decoded |= ours
        difference = first_difference(ours, theirs)
        if difference:
            return direction, f"stream {number}: {difference}", decoded
    return direction, "", decoded


def _peer_to_ours(case: ChainCase, peer: Peer) -> tuple[Direction, str, Tensors]:
    """A base and updates of NNCodec's, each the difference to what there is, decoded by both."""
    direction = Direction.PEER_UPDATES
    chain, decoded = Chain(), Tensors()
    peer.start_chain()
    for number, model in enumerate(case.models):
        stream = b""
        try:
            stream = _peer_stream(case, model, chain, peer)
            theirs = peer.decompress_update(stream) if number else peer.decompress(stream)
            ours = dict(Stream(stream, base=chain.state))
            chain = chain.after(stream)
        except NnrError as error:
            return direction, f"stream {number}: nnref: {error}", decoded
        except PeerError as error:
            what = "cannot decode its own stream" if stream else "cannot encode"
            return direction, f"stream {number}: NNCodec {what}: {error}", decoded
        decoded |= ours
        difference = first_difference(ours, theirs)
        if difference:
            return direction, f"stream {number}: {difference}", decoded
    return direction, "", decoded


def _peer_stream(case: ChainCase, model: Tensors, chain: Chain, peer: Peer) -> bytes:
    options = case.settings.for_peer()
    if not chain.streams:
        return peer.compress(model, options)
    del options["profile"]
    differences = {name: tensor - chain.tensors[name] for name, tensor in model.items()}
    return peer.compress_update(differences, options | {"tca": case.temporal})
