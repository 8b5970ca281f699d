"""What the literal decoder makes of a stream: outputs, levels, states of the coder, features."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.features import features_of
from nnref.conformance.generator.output import Output, items_as_levels, output_of
from nnref.conformance.generator.recording import Recorder
from nnref.conformance.suite import CoderState, ExpectedLevels
from nnref.spec.process import (
    DecodedStream,
    DecodedTensor,
    UpdateState,
    compose_blocks,
    decode_stream,
)

MOST_WEIGHTS: Final = 1 << 17
"""Weights of a stream that the literal decoder is given here: no valid case has more."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """All that a sheet says about decoding."""

    outputs: tuple[Output, ...]
    levels: tuple[ExpectedLevels, ...]
    coder_states: tuple[CoderState, ...]
    findings: tuple[str, ...]
    features: tuple[str, ...]
    profile: int
    complete: tuple[str, ...]
    """Tensors that replace those of the same name where streams are added up (clause 12.6)."""
    elements: frozenset[str]
    """Names of all elements, those of codewords included."""


def expectation(case: Case, data: bytes, state: UpdateState) -> Expectation:
    """Decode a stream of the suite; `state` moves on. Raises Refused."""
    heard = Recorder()
    described = case.description
    stream = decode_stream(
        data,
        state=state,
        dialect=described.dialect,
        out_of_band=described.out_of_band,
        observer=heard,
        max_weights=MOST_WEIGHTS,
    )
    tensors = stream.tensors if case.as_coded else compose_blocks(stream)
    return Expectation(
        tuple(output_of(tensor) for tensor in tensors),
        tuple(expected_levels(t.name, t.quantized) for t in stream.tensors if t.quantized),
        coder_states(stream, heard),
        tuple(sorted({finding.rule_id for finding in stream.findings})),
        features_of(stream, heard, bool(described.out_of_band)),
        stream.general_profile_idc,
        complete_tensors(stream, heard),
        heard.element_names(),
    )


def complete_tensors(stream: DecodedStream, heard: Recorder) -> tuple[str, ...]:
    """Clause 12.6: of an update that is no residual, the tensors that name no parent,
    which method data units never do.
    """
    flags = {element.name: element.value for element in heard.elements}
    if flags.get("mps_parent_signalling_enabled_flag") != 1 or flags.get("nnr_pre_flag") != 0:
        return ()
    headers = ((tensor.name, stream.units[tensor.unit].header) for tensor in stream.tensors)
    return tuple(name for name, h in headers if h is None or h.parent_node_id_present_flag == 0)


def expected_levels(name: str, quantized: Sequence[int]) -> ExpectedLevels:
    """The quantized parameters of a tensor, in short."""
    digest = sha256(items_as_levels(quantized)).hexdigest()
    return ExpectedLevels(name, digest, min(quantized), max(quantized), quantized.count(0))


def coder_states(stream: DecodedStream, heard: Recorder) -> tuple[CoderState, ...]:
    """The registers before the terminate bin of every codeword."""
    last = {tensor.unit: tensor for tensor in stream.tensors}
    return tuple(
        _coder_state(stream, heard, tensor)
        for tensor in last.values()
        if tensor.unit in heard.codewords
    )


def _coder_state(stream: DecodedStream, heard: Recorder, tensor: DecodedTensor) -> CoderState:
    unit, codeword = stream.units[tensor.unit], heard.codewords[tensor.unit]
    assert unit.registers is not None
    assert unit.bytes_consumed is not None
    return CoderState(
        tensor.unit,
        tensor.name,
        codeword.bins,
        *unit.registers,
        unit.bytes_consumed,
        tuple(codeword.checkpoints),
    )
