"""Reading a stream: its units, its tensors, and any tensor alone."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from functools import cached_property
from itertools import chain
from typing import Any

from numpy.typing import NDArray

from nnref.codec.decoder.batches import Outcome, UnitWork, batches, decode_batch, outcomes
from nnref.codec.decoder.buffer import StreamSource, stream_buffer
from nnref.codec.decoder.catalogue import Catalogue
from nnref.codec.decoder.composition import composed_tensors
from nnref.codec.decoder.data_unit import CodedUnit
from nnref.codec.decoder.headers import StreamTensor
from nnref.codec.decoder.number_formats import output_format
from nnref.codec.decoder.portions import portioned
from nnref.codec.decoder.rows import decode_rows
from nnref.codec.decoder.updates import StoredPictures, UpdateState
from nnref.codec.entropy import decode_alone
from nnref.codec.model_parameters import ModelParameters
from nnref.codec.parallel import Workers, workers
from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.codec.quantization_data import QuantizationData
from nnref.codec.topology import Topology, safetensors_metadata
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax import OutOfBand, Unit
from nnref.spec.tables.enums import Dialect, UnitType

Array = NDArray[Any]


class Stream(Mapping[str, Array]):
    """A stream opened for reading: a mapping from tensor names to arrays, decoded when asked.

    Opening parses every header and decodes nothing; errors in headers are raised there. A stream
    that ends with an index (clause 14.2.1) is parsed when it is gone through; one tensor is found
    without that. `strict` parses all and raises on rules that a decoder tolerates, otherwise they
    are collected in `findings`. An update with temporal contexts or history masks needs `base`,
    the `next_state()` of its predecessor.

    The members of blocks are composed to what a user loads (clause 10.6): local scaling is
    multiplied into the weight, factors G and H become the weight under its own name. With
    `as_coded` every coded tensor is handed out under its own name instead.

    An aggregate unit is refused, as nobody knows which tensors it holds; with `skip_aggregates` it
    is a finding, and the other tensors are there.
    """

    def __init__(
        self,
        source: StreamSource,
        *,
        limits: Limits | None = None,
        dialect: Dialect = Dialect.NNCODEC_2,
        strict: bool = False,
        out_of_band: Mapping[str, OutOfBand] | None = None,
        base: UpdateState | None = None,
        as_coded: bool = False,
        skip_aggregates: bool = False,
    ) -> None:
        self.limits = limits or Limits()
        self.dialect = Dialect(dialect)
        self.strict = strict
        self.base = base or UpdateState()
        self.as_coded = as_coded
        self.findings: list[NnrError] = []
        self.buffer = stream_buffer(source)
        self.size = len(self.buffer)
        self._catalogue = Catalogue(
            self.buffer,
            limits=self.limits,
            out_of_band=out_of_band,
            strict=strict,
            as_coded=as_coded,
            skip_aggregates=skip_aggregates,
            findings=self.findings,
        )

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units of the stream."""
        return tuple(self._catalogue.units)

    def __repr__(self) -> str:
        return f"Stream({self._catalogue.summary}, {self.size} bytes)"

    @property
    def parameters(self) -> ModelParameters:
        """Clauses 7.3.3 and 7.4: what the stream says of the model beside its tensors."""
        coded = (self._catalogue.coded(one[0].unit) for one in self._catalogue.by_unit)
        sets = ((composed_tensors(one)[-1].name, one[0].unit.state.lps) for one in coded)
        found = (ModelParameters.of(u.fields, sets) for u in self._units_of(UnitType.NNR_MPS))
        return next(found, ModelParameters())

    @property
    def topologies(self) -> tuple[Topology, ...]:
        """Clause 7.6: the topologies that the stream carries, also empty ones; no reference
        lists.
        """
        units = self._units_of(UnitType.NNR_TPL)
        found = (Topology.from_unit(unit.fields, unit.payload) for unit in units)
        return tuple(topology for topology in found if topology is not None)

    @property
    def quantization_data(self) -> tuple[QuantizationData, ...]:
        """Clause 7.7: the contents of the quantization units."""
        units = self._units_of(UnitType.NNR_QNT)
        return tuple(QuantizationData.from_unit(unit.fields) for unit in units)

    @property
    def output_formats(self) -> dict[str, FixedPoint]:
        """Clause 15.4.4: the formats of layer outputs, by the name of the layer's weight."""
        units = ((one.name, one.unit.fields.get("hierarchical_header")) for one in self.tensors())
        found = ((name, output_format(header)) for name, header in units if header is not None)
        return {name: number for name, number in found if number is not None}

    @property
    def aggregates(self) -> tuple[bytes, ...]:
        """Clause 7.9: the contents of the aggregate units, as they are."""
        return tuple(bytes(unit.payload) for unit in self._units_of(UnitType.NNR_AGG))

    def _units_of(self, nnr_unit_type: int) -> Iterator[Unit]:
        return (unit for unit in self._catalogue.units if unit.nnr_unit_type == nnr_unit_type)

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """Clause 14.3: the free text of the safetensors file that was encoded, if its header is
        carried. A header that cannot be read is a finding, or with `strict` raised.
        """
        try:
            return safetensors_metadata(self.topologies, self.limits)
        except NnrError as error:
            if self.strict:
                raise
            self.findings.append(error)
            return {}

    def __getitem__(self, name: str) -> Array:
        found = self._catalogue.find(name)
        if found is None:
            raise KeyError(name)
        return next(array for tensor, array in self.decode_unit(found.unit) if tensor.name == name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._catalogue.find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue.tensors)

    def __len__(self) -> int:
        return len(self._catalogue.tensors)

    def info(self, name: str) -> StreamTensor:
        """What the headers say about a tensor. Raises UsageError tensor-unknown."""
        found = self._catalogue.find(name)
        if found is None:
            raise refusal("tensor-unknown", f"{name!r}; the stream has {len(self)} tensors")
        return found

    def tensors(self) -> Iterator[StreamTensor]:
        """The tensors as the headers describe them, in decoding order."""
        return iter(self._catalogue.tensors.values())

    def decoded(
        self, *, jobs: int | None = None, executor: Executor | None = None
    ) -> Iterator[tuple[StreamTensor, Array]]:
        """Every tensor, decoded a few units at a time, in decoding order.

        `jobs` units are decoded at the same time, in threads or in `executor`.
        """
        for tensors, outcome in self.outcomes(jobs=jobs, executor=executor):
            if isinstance(outcome, NnrError):
                raise outcome
            yield from zip(tensors, outcome.arrays, strict=True)

    def decoded_in_portions(
        self, *, jobs: int | None = None, executor: Executor | None = None
    ) -> Iterator[tuple[StreamTensor, Iterator[Array]]]:
        """Every tensor as flat arrays one behind the other, in decoding order.

        Take all portions of a tensor before the next tensor. With several `jobs` or an `executor`
        the portion is the whole tensor; otherwise little of a large tensor is in memory at a time.
        """
        if executor is None and jobs in (None, 1):
            units = self._catalogue.by_unit
            self._catalogue.let_go()
            works = (self._work(tensors[0].unit) for tensors in units)
            yield from portioned(works, self.findings)
        else:
            for tensor, array in self.decoded(jobs=jobs, executor=executor):
                yield tensor, iter((array.reshape(-1),))

    def outcomes(
        self, *, jobs: int | None = None, executor: Executor | None = None
    ) -> Iterator[tuple[tuple[StreamTensor, ...], Outcome]]:
        """The tensors of every unit, in order, and their arrays or why they cannot be decoded."""
        units = self._catalogue.by_unit
        works = (self._work(tensors[0].unit) for tensors in units)
        with workers(jobs, executor) as these:
            found = _outcomes(works, these)
            for tensors, outcome in zip(units, found, strict=True):
                if not isinstance(outcome, NnrError):
                    self.findings += outcome.findings
                yield tensors, outcome

    def rows(self, name: str, first: int, last: int) -> Array:
        """Rows `first` to `last` - 1 of a tensor: `stream[name][first:last]`.

        Of tensors with block scans only the block rows that hold them are decoded, of raw ones
        only these rows are read. Raises UsageError tensor-unknown, setting-unknown (the tensor
        has no such rows), and NnrError as decoding does.
        """
        tensor = self.info(name)
        shape = tensor.info.shape
        if not shape or not 0 <= first <= last <= shape[0]:
            raise refusal("setting-unknown", f"rows {first}..{last} of {tensor.info}", tensor=name)
        found = None
        if first < last and tensor.info.size:
            found = decode_rows(self._work(tensor.unit), tensor, first, last)
        return self[name][first:last] if found is None else found

    def next_state(self) -> UpdateState:
        """Clause 12.2: what an update of this stream needs to know of it; decodes everything."""
        return self.decoded_with_state()[1]

    def decoded_with_state(self) -> tuple[dict[str, Array], UpdateState]:
        """Every tensor by name, in decoding order, and the state of clause 12.2."""
        units = (tensors[0].unit for tensors in self._catalogue.by_unit)
        return self.units_with_state(units, self.base)

    def units_with_state(
        self, units: Iterable[Unit], base: UpdateState
    ) -> tuple[dict[str, Array], UpdateState]:
        """The tensors of some units by name, decoded with `base`, and the state they leave."""
        arrays: dict[str, Array] = {}
        quantized = []
        pictures: dict[str, StoredPictures] = {}
        for unit in units:
            work = self._work(unit, base)
            coded = self._coded(work)
            names = (tensor.name for tensor in work.tensors)
            arrays |= zip(names, work.arrays(coded), strict=True)
            quantized += [(unit, one.member, one.quantized) for one in coded.tensors]
            found = ((one.member.name, one.pictures) for one in coded.tensors)
            pictures |= {name: stored for name, stored in found if stored is not None}
        return arrays, base.after(quantized, pictures)

    def names(self, unit: Unit) -> frozenset[str]:
        """All names a unit has to do with: of its coded tensors, and of those it hands out."""
        given = (*self._catalogue.coded(unit), *self._catalogue.handed_out(unit))
        return frozenset(tensor.name for tensor in given)

    def decode_unit(self, unit: Unit) -> list[tuple[StreamTensor, Array]]:
        """The tensors of one unit with their output arrays (clause 10)."""
        arrays = self._work(unit).arrays(self.coded_unit(unit))
        return list(zip(self._catalogue.handed_out(unit), arrays, strict=True))

    def coded_unit(self, unit: Unit) -> CodedUnit:
        """Clause 9.1: quantized parameters and qp of a unit's tensors, and the coder's end."""
        return self._coded(self._work(unit))

    def _coded(self, work: UnitWork) -> CodedUnit:
        coded = decode_alone(work.decoding())
        self.findings += coded.findings
        return coded

    def _work(self, unit: Unit, base: UpdateState | None = None) -> UnitWork:
        coded = self._catalogue.coded(unit)
        base = self.base if base is None else base
        return UnitWork(
            unit=unit,
            coded=coded,
            tensors=self._catalogue.handed_out(unit),
            as_coded=self.as_coded,
            base=base.of(tensor.name for tensor in coded),
            dialect=self.dialect,
            strict=self.strict,
        )


def _outcomes(works: Iterable[UnitWork], these: Workers) -> Iterator[Outcome]:
    if these.executor is None:
        return chain.from_iterable(map(outcomes, batches(works)))
    portable = (work.portable() for work in works)
    calls = ((batch,) for batch in batches(portable))
    return chain.from_iterable(these.map(decode_batch, calls))
