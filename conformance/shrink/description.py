"""Streams taken apart: what `nnref.conformance.generator.building` makes them of."""

from collections.abc import Mapping
from typing import Any, Final

from nnref.conformance.generator.building import Description, UnitDescription, build
from nnref.conformance.generator.encoder import TensorChoices
from nnref.conformance.runner.adapter import Request
from nnref.spec.errors import NnrError
from nnref.spec.process import DecodedTensor, Observer, UpdateState, decode_stream
from nnref.spec.syntax import OutOfBand, Unit, read_units
from nnref.spec.tables.enums import PayloadType, UnitType

_COMPUTED: Final = {"nnr_unit_type", "nnr_unit_size", "entry_points"}
"""Elements that the writer finds out by itself."""
MAX_WEIGHTS: Final = 1 << 20


def described(request: Request) -> Description | None:
    """A stream by its elements and choices; None when it cannot be made again byte for byte.

    The tensors of split data (clause 8.2.1) stay payloads.
    """
    state = state_before(request)
    choices = _Choices()
    try:
        decoded = decode_stream(
            request.stream,
            state=state,
            out_of_band=request.out_of_band,
            dialect=int(request.dialect),
            observer=choices,
            max_weights=MAX_WEIGHTS,
        )
        units = list(read_units(request.stream, out_of_band=known(request)))
    except Exception:  # what is wrong with it is for others to say
        return None
    tensors: dict[int, list[DecodedTensor]] = {}
    for tensor in decoded.tensors:
        tensors.setdefault(tensor.unit, []).append(tensor)
    found = Description(
        "shrunk",
        "",
        [_unit(unit, tensors.get(unit.index, []), choices) for unit in units],
        request.dialect,
        out_of_band=request.out_of_band,
    )
    return found if rebuilt(found, request) == request.stream else None


def rebuilt(description: Description, request: Request) -> bytes | None:
    """The bytes of a description; None when there is no such stream."""
    try:
        return build(description, state_before(request))
    except (NnrError, ValueError, LookupError, TypeError, AssertionError, ArithmeticError):
        return None
    except Exception:  # a refusal of the literal decoder, which the builder runs
        return None


def state_before(request: Request) -> UpdateState:
    """Clause 12.2: what the streams before it leave."""
    state = UpdateState()
    for base in request.bases:
        decode_stream(
            base, state=state, out_of_band=request.out_of_band, dialect=int(request.dialect)
        )
    return state


def known(request: Request) -> Mapping[str, OutOfBand]:
    """What the stream leaves out, as the declared syntax takes it."""
    return {name: OutOfBand(**given) for name, given in request.out_of_band.items()}


def _unit(unit: Unit, tensors: list[DecodedTensor], choices: "_Choices") -> UnitDescription:
    fields = {
        name: _plain(value)
        for name, value in unit.fields.items()
        if name not in _COMPUTED and value is not None
    }
    coded = [tensor for tensor in tensors if tensor.levels is not None]
    whole = not fields.get("partial_data_counter_present_flag") or not coded
    if unit.nnr_unit_type == UnitType.NNR_NDU and coded and whole:
        made = tuple(choices.of(tensor) for tensor in coded)
        return UnitDescription(int(unit.nnr_unit_type), fields, made, strict=False)
    entry_points = unit.fields.get("entry_points")
    if entry_points:
        fields["entry_points"] = _plain(entry_points)
    return UnitDescription(
        int(unit.nnr_unit_type), fields, payload=bytes(unit.payload), strict=False
    )


def _plain(value: Any) -> Any:
    """Containers as dictionaries and lists without what is absent."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class _Choices(Observer):
    """Hears what the encoder of a stream chose, by the name of the tensor."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}
        self._now: dict[str, Any] = {}

    def of(self, tensor: DecodedTensor) -> TensorChoices:
        """All that was chosen for a tensor."""
        assert tensor.levels is not None
        return TensorChoices(levels=tuple(tensor.levels), **self._found[tensor.name])

    def tensor(self, name: str, role: str, rows: int, columns: int) -> None:  # noqa: ARG002
        """Its tensor data begins."""
        self._now = self._found.setdefault(name, {"shift_idx": {}})

    def coded_element(self, element: str, index: int | None, value: int) -> None:
        """Elements of several bins."""
        if element == "qp_delta":
            self._now["qp_delta"] = value
        elif element == "shift_idx_minus_1":
            self._now["shift_idx"][index] = value + 1

    def bin(
        self,
        kind: str,  # noqa: ARG002
        element: str,
        index: int | None,  # noqa: ARG002
        context: int | None,  # noqa: ARG002
        state: int | None,  # noqa: ARG002
        range_: int,  # noqa: ARG002
        offset: int,  # noqa: ARG002
        value: int,
    ) -> None:
        """Elements of one bin."""
        if element == "row_skip_enabled_flag":
            self._now["row_skip"] = bool(value)
        elif element == "hist_dep_sig_prob_enabled_flag":
            self._now["history_flag"] = value


def is_block(unit: UnitDescription) -> bool:
    """Clause 7.8.1: whether a unit holds the tensors of a block."""
    return unit.fields.get("nnr_compressed_data_unit_payload_type") == PayloadType.NNR_PT_BLOCK
