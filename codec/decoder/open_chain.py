"""Clause 12.6: a base and its updates as files, added up tensor by tensor."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from os import PathLike
from typing import Any, NamedTuple

from numpy.typing import NDArray

from nnref.codec.decoder.base_model import ChainHash
from nnref.codec.decoder.buffer import StreamSource
from nnref.codec.decoder.chain import Semantics, known_semantics, updated
from nnref.codec.decoder.stream import Stream
from nnref.codec.decoder.updates import UpdateState, coded_names, replaces
from nnref.codec.model import TensorInfo, create_model
from nnref.spec.errors import NnrError
from nnref.spec.syntax import Unit

Array = NDArray[Any]


class _Place(NamedTuple):
    """A unit of the chain."""

    stream: int
    unit: Unit


class _Group(NamedTuple):
    """The units of all streams that share tensors, those of a block for instance."""

    places: tuple[_Place, ...]


class _Sum(NamedTuple):
    """The tensors of a group: what the streams amount to, what the next update is added to, and
    the state of clause 12.2.
    """

    tensors: Mapping[str, Array]
    next_base: Mapping[str, Array]
    state: UpdateState


class OpenChain(Mapping[str, Array]):
    """A base and its updates added up: a mapping from tensor names to arrays, decoded when asked.

    It is the sum that `Chain` holds in memory; here the tensors that share units with the one
    that was asked for last are in memory, and no others. Opening parses all headers. Options are
    those of `Stream`: limits, dialect, strict, out_of_band. Reading a tensor raises NnrError as
    decoding does, and InvalidError update-mismatch.
    """

    def __init__(
        self,
        streams: Sequence[StreamSource],
        *,
        semantics: Semantics | str = Semantics.CUMULATIVE,
        **options: Any,
    ) -> None:
        """Raises NnrError as `Stream` does, and IntegrityError base-model-mismatch."""
        self.semantics = known_semantics(semantics)
        self._cumulative = self.semantics == Semantics.CUMULATIVE
        self._hashes = ChainHash()
        self._streams: list[Stream] = []
        for source in streams:
            stream = Stream(source, **options)
            self._hashes.check(stream, cumulative=self._cumulative)
            self._hashes = self._hashes.after(stream.buffer)
            self._streams.append(stream)
        self._groups = _groups(self._streams)
        self._last: tuple[_Group, _Sum] | None = None

    def __getitem__(self, name: str) -> Array:
        if name not in self._infos:
            raise KeyError(name)
        return self._sum(name).tensors[name]

    def __contains__(self, name: object) -> bool:
        return name in self._infos

    def __iter__(self) -> Iterator[str]:
        return iter(self._infos)

    def __len__(self) -> int:
        return len(self._infos)

    @property
    def size(self) -> int:
        """Bytes of all streams."""
        return sum(stream.size for stream in self._streams)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Clause 14.3: the free text of the safetensors file that the base was encoded from."""
        return self._streams[0].metadata if self._streams else {}

    @property
    def findings(self) -> tuple[NnrError, ...]:
        """What was tolerated in all streams so far."""
        return tuple(finding for stream in self._streams for finding in stream.findings)

    @property
    def base_model_id(self) -> str:
        """Clause 12.7: the name of what the next update is added to."""
        return self._hashes.base_model_id(cumulative=self._cumulative)

    def infos(self) -> dict[str, TensorInfo]:
        """Data type and shape of every tensor, by name."""
        return dict(self._infos)

    def names(self) -> tuple[str, ...]:
        """The tensors that the next update is added to, by name."""
        return tuple(self._described(self._before_next))

    def read(self, name: str) -> tuple[Array, UpdateState]:
        """What the next update of a tensor is added to; what is stored of its coded tensors."""
        found = self._sum(name)
        return found.next_base[name], found.state.of(coded_names(name))

    @cached_property
    def _infos(self) -> dict[str, TensorInfo]:
        return self._described(self._added)

    @property
    def _added(self) -> set[int]:
        """The streams that make up the sum: all, or the base and the last update."""
        streams = len(self._streams)
        return set(range(streams)) if self._cumulative else {0, streams - 1}

    @property
    def _before_next(self) -> set[int]:
        """The streams that make up what the next update is added to."""
        return self._added if self._cumulative else {0}

    def _described(self, added: Container[int]) -> dict[str, TensorInfo]:
        infos: dict[str, TensorInfo] = {}
        for number, stream in enumerate(self._streams):
            for tensor in stream.tensors() if number in added else ():
                if tensor.name not in infos or replaces(tensor.unit):
                    infos[tensor.name] = tensor.info
        return infos

    def _sum(self, name: str) -> _Sum:
        group = self._groups[name]
        if self._last is None or self._last[0] is not group:
            self._last = None  # not two of them in memory
            self._last = (group, self._summed(group))
        return self._last[1]

    def _summed(self, group: _Group) -> _Sum:
        added, before_next = self._added, self._before_next
        tensors: Mapping[str, Array] = {}
        next_base: Mapping[str, Array] = {}
        state = UpdateState()
        for number, stream in enumerate(self._streams):
            units = [place.unit for place in group.places if place.stream == number]
            complete = _complete(stream, units) if number else ()
            decoded, state = stream.units_with_state(units, state)
            if number in added:
                tensors = updated(tensors, decoded, complete)
            if number in before_next:
                next_base = tensors
        return _Sum(tensors, next_base, state)


def _complete(stream: Stream, units: Iterable[Unit]) -> frozenset[str]:
    """Clause 12.6: the names of tensors that replace those of the same name."""
    return frozenset().union(*(stream.names(unit) for unit in units if replaces(unit)))


def _groups(streams: Sequence[Stream]) -> dict[str, _Group]:
    """The group of every name: units that have a name in common belong together."""
    places: dict[str, list[_Place]] = {}
    for place, names in _places(streams):
        joined = [place]
        for other in {id(places[name]): places[name] for name in names if name in places}.values():
            joined += other
        for one in joined:
            places.update(dict.fromkeys(streams[one.stream].names(one.unit), joined))
    groups = {id(joined): _Group(tuple(joined)) for joined in places.values()}
    return {name: groups[id(joined)] for name, joined in places.items()}


def _places(streams: Sequence[Stream]) -> Iterator[tuple[_Place, frozenset[str]]]:
    for number, stream in enumerate(streams):
        for unit in {tensor.unit.index: tensor.unit for tensor in stream.tensors()}.values():
            yield _Place(number, unit), stream.names(unit)


def decode_chain_file(
    streams: Sequence[StreamSource],
    path: str | PathLike[str],
    *,
    semantics: Semantics | str = Semantics.CUMULATIVE,
    **options: Any,
) -> OpenChain:
    """Decode a base and its updates into a tensor file (.safetensors, .npz, .pt), one tensor in
    memory at a time.

    The file appears under its name only when everything is decoded and written. Raises as
    `decode_chain`, and FileError.
    """
    chain = OpenChain(streams, semantics=semantics, **options)
    infos = chain.infos()
    with create_model(path, infos, chain.metadata) as sink:
        for name in infos:
            sink.write(name, chain[name])
        sink.commit()
    return chain
