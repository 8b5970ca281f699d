"""Reading a stream: its units, its tensors, and any tensor alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from nnref.codec.decoder.buffer import StreamSource, stream_buffer
from nnref.codec.decoder.data_unit import CodedUnit, decode_data_unit
from nnref.codec.decoder.headers import StreamTensor, unit_tensors
from nnref.codec.decoder.updates import UpdateState
from nnref.codec.formats import from_carrier
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.syntax import OutOfBand, Unit, read_units
from nnref.spec.tables.enums import Dialect, UnitType

Array = NDArray[Any]


class Stream(Mapping[str, Array]):
    """A stream opened for reading: a mapping from tensor names to arrays, decoded when asked.

    Opening parses every header and decodes nothing; errors in headers are raised there. `strict`
    raises on rules that a decoder tolerates, otherwise they are collected in `findings`. An update
    with temporal contexts or history masks needs `base`, the `next_state()` of its predecessor.
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
    ) -> None:
        self.limits = limits or Limits()
        self.dialect = Dialect(dialect)
        self.strict = strict
        self.base = base or UpdateState()
        self.findings: list[NnrError] = []
        buffer = stream_buffer(source)
        self.size = len(buffer)
        self.units: tuple[Unit, ...] = tuple(
            read_units(
                buffer,
                limits=self.limits,
                out_of_band=out_of_band,
                strict=strict,
                findings=self.findings,
            )
        )
        self._tensors: dict[str, StreamTensor] = {}
        self._by_unit: dict[int, tuple[StreamTensor, ...]] = {}
        self._index()

    def _index(self) -> None:
        total = 0
        for unit in self.units:
            if unit.nnr_unit_type == UnitType.NNR_AGG:
                # Its tensors would be missing without a word.
                place: dict[str, Any] = {
                    "unit": unit.index,
                    "unit_type": unit.type_name,
                    "bit": 8 * unit.offset,
                }
                raise refusal("aggregate-undefined", **place)
            if unit.nnr_unit_type != UnitType.NNR_NDU:
                continue
            tensors = unit_tensors(unit, self.limits)
            self._by_unit[unit.index] = tensors
            for tensor in tensors:
                where = {"unit": unit.index, "unit_type": unit.type_name, "tensor": tensor.name}
                self._tensors[tensor.name] = tensor
                total += tensor.info.nbytes
                self.limits.check("max_total_bytes", total, "limit-total-bytes", **where)

    def __getitem__(self, name: str) -> Array:
        if name not in self._tensors:
            raise KeyError(name)
        return next(
            array for tensor, array in self.decode_unit(self.info(name).unit) if tensor.name == name
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def info(self, name: str) -> StreamTensor:
        """What the headers say about a tensor. Raises UsageError tensor-unknown."""
        if name not in self._tensors:
            raise refusal("tensor-unknown", f"{name!r}; the stream has {len(self)} tensors")
        return self._tensors[name]

    def tensors(self) -> Iterator[StreamTensor]:
        """The tensors as the headers describe them, in decoding order."""
        return iter(self._tensors.values())

    def decoded(self) -> Iterator[tuple[StreamTensor, Array]]:
        """Every tensor, decoded one unit at a time, in decoding order."""
        for tensors in self._by_unit.values():
            yield from self.decode_unit(tensors[0].unit)

    def next_state(self) -> UpdateState:
        """Clause 12.2: what an update of this stream needs to know of it; decodes everything."""
        return self.base.after(
            (tensors[0].unit, coded.member, coded.quantized)
            for tensors in self._by_unit.values()
            for coded in self.coded_unit(tensors[0].unit).tensors
        )

    def decode_unit(self, unit: Unit) -> list[tuple[StreamTensor, Array]]:
        """The tensors of one unit with their output arrays (clause 10)."""
        coded = self.coded_unit(unit).tensors
        return [
            (tensor, from_carrier(one.values(), tensor.format_code, tensor.payload_type))
            for tensor, one in zip(self._by_unit[unit.index], coded, strict=True)
        ]

    def coded_unit(self, unit: Unit) -> CodedUnit:
        """Clause 9.1: quantized parameters and qp of a unit's tensors, and the coder's end."""
        tensors = self._by_unit[unit.index]
        return decode_data_unit(
            unit,
            tuple(tensor.member for tensor in tensors),
            base=self.base,
            dialect=self.dialect,
            strict=self.strict,
            findings=self.findings,
        )
