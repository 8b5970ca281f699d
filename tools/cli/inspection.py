"""Inspection of a stream: everything its headers say, as far as they can be parsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike

from nnref.codec.decoder.buffer import stream_buffer
from nnref.codec.decoder.composition import composed_tensors
from nnref.codec.decoder.headers import StreamTensor, unit_tensors
from nnref.codec.model_parameters import ModelParameters
from nnref.codec.quantization_data import QuantizationData
from nnref.codec.topology import Topology
from nnref.spec.errors import NnrError
from nnref.spec.limits import Limits
from nnref.spec.syntax import Joiner, OutOfBand, Record, Unit, read_units
from nnref.spec.tables.enums import UnitType


@dataclass(slots=True)
class InspectedUnit:
    """One unit with its elements and the tensors that its header describes.

    Data in parts is shown with the last part (clause 8.2.1).
    """

    unit: Unit
    records: list[Record]
    data_bytes: int = 0
    """Size of the unit, or of all parts."""
    tensors: tuple[StreamTensor, ...] = ()
    """As they are coded."""
    composed: tuple[StreamTensor, ...] = ()
    """As they are handed out (clause 10.6)."""

    @property
    def bits_per_weight(self) -> float | None:
        """Bits of the unit, header included, per weight handed out; None without weights."""
        weights = sum(tensor.info.size for tensor in self.composed)
        return 8 * self.data_bytes / weights if weights else None

    def part_of(self, tensor: StreamTensor) -> str | None:
        """The weight that a factor or a scaling is multiplied into; None for other tensors."""
        if not self.composed or any(tensor.name == whole.name for whole in self.composed):
            return None
        return self.composed[-1].name


@dataclass(slots=True)
class Inspection:
    """What could be parsed of a stream."""

    size: int
    """Bytes of the stream."""
    units: list[InspectedUnit] = field(default_factory=list)
    unparsed: list[Record] = field(default_factory=list)
    """Elements of the unit that could not be parsed to its end."""
    findings: list[NnrError] = field(default_factory=list)
    errors: list[NnrError] = field(default_factory=list)
    """Tensors whose header makes no sense, then what ended the parsing."""

    @property
    def parameters(self) -> ModelParameters:
        """What the stream says of the model beside its tensors."""
        units = (one.unit for one in self.units if one.unit.nnr_unit_type == UnitType.NNR_MPS)
        sets = ((one.composed[-1].name, one.unit.state.lps) for one in self.units if one.composed)
        return next((ModelParameters.of(unit.fields, sets) for unit in units), ModelParameters())

    @property
    def topologies(self) -> tuple[Topology, ...]:
        """The topologies that the stream carries."""
        units = (one.unit for one in self.units if one.unit.nnr_unit_type == UnitType.NNR_TPL)
        found = (Topology.from_unit(unit.fields, unit.payload) for unit in units)
        return tuple(topology for topology in found if topology is not None)

    @property
    def quantization_data(self) -> tuple[QuantizationData, ...]:
        """The contents of the quantization units."""
        units = (one.unit for one in self.units if one.unit.nnr_unit_type == UnitType.NNR_QNT)
        return tuple(QuantizationData.from_unit(unit.fields) for unit in units)

    @property
    def composed(self) -> list[StreamTensor]:
        """All tensors as they are handed out, in the order of the stream."""
        return [tensor for unit in self.units for tensor in unit.composed]


def inspect(
    path: str | PathLike[str], limits: Limits, out_of_band: Mapping[str, OutOfBand] | None = None
) -> Inspection:
    """Parse the headers of a stream; what is wrong with it ends up in `errors`.

    Raises FileError when the file cannot be read.
    """
    buffer = stream_buffer(path)
    result = Inspection(len(buffer))
    records: list[Record] = []
    joiner = Joiner(buffer)
    units = read_units(
        buffer,
        limits=limits,
        out_of_band=out_of_band,
        record=records.append,
        findings=result.findings,
    )
    try:
        for unit in units:
            found = InspectedUnit(unit, records.copy())
            result.units.append(found)
            whole = joiner.add(unit)
            if whole is not None and whole.has_tensors:
                _add_tensors(found, whole, limits, result)
            records.clear()
    except NnrError as error:
        result.errors.append(error)
        result.unparsed = records
    return result


def _add_tensors(found: InspectedUnit, whole: Unit, limits: Limits, result: Inspection) -> None:
    found.data_bytes = whole.size
    try:
        found.tensors = unit_tensors(whole, limits)
        found.composed = composed_tensors(found.tensors)
    except NnrError as error:
        result.errors.append(error)
