"""The streams of the decision ledger tell the alternatives apart."""

import copy
from typing import Any

import numpy as np
import pytest
from _ext import worked

from nnref.codec import decode, decode_chain
from nnref.codec.formats import from_carrier
from nnref.spec.process import (
    Refused,
    UpdateState,
    decode_stream,
    engine,
    payload,
    reconstruct,
    tensor,
)
from nnref.spec.process.binarization import Bounds
from nnref.spec.process.bits import BitReader
from nnref.spec.tables.enums import Dialect


def levels(data: bytes, **options: Any) -> list[Any] | str:
    """Levels and quantized parameters of all tensors, or the rule that decoding stops at."""
    try:
        stream = decode_stream(data, **options)
    except Refused as refused:
        return refused.rule_id
    return [(t.levels, t.quantized) for t in stream.tensors]


def test_d_01_other_number_of_remainder_contexts_breaks_the_codeword() -> None:
    data = worked.read("ids-32")
    assert levels(data, dialect=Dialect.NNCODEC_1) == [([4, -2, 8, 0], [4, -2, 8, 0])]
    assert levels(data) == "payload-terminate-bin"


def test_d_02_forcing_with_one_block_row_changes_the_codeword(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = worked.read("dialect-1")
    forced = levels(data, dialect=Dialect.NNCODEC_1)
    monkeypatch.setattr(engine.ArithmeticDecoder, "force_range", lambda self: None)
    assert levels(data, dialect=Dialect.NNCODEC_1) != forced


@pytest.mark.parametrize("steps", ["segment", "none"])
def test_d_03_other_steps_of_a_skipped_row_change_the_integers(
    steps: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = worked.read("row-skip")
    chosen = levels(data)
    segment = iter([8, 1])

    def alternative(state: int, syntax: tensor.TensorSyntax) -> int:
        for _ in range(next(segment) if steps == "segment" else 0):
            state = reconstruct.next_state(state, 0)
        return state

    monkeypatch.setattr(tensor, "state_after_skipped_segment", alternative)
    assert levels(data) != chosen


def test_d_04_roundings_of_a_codebook_value_differ() -> None:
    stream = worked.decoded("codebook-rounding").stream
    assert stream is not None
    (decoded,) = stream.tensors
    assert decoded.exact_values is not None
    step = reconstruct.quantization_step(1, 2)
    of_integers = reconstruct.uniform_reconstruction([(1 << 24) + 1], step)
    assert decoded.values[0] == 20971522
    assert decoded.exact_values[0] == 20971521.25
    assert of_integers == [20971520]


def test_d_26_bounds_of_a_codebook_in_profile_0_change_the_bins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = worked.read("codebook-rounding")
    chosen = levels(data)
    monkeypatch.setattr(payload, "codebook_bounds", lambda unit, member: Bounds(1, 0))
    assert levels(data) != chosen


def test_d_28_numbers_beyond_the_output_type_become_its_largest() -> None:
    stream = worked.decoded("half-range").stream
    assert stream is not None
    (decoded,) = stream.tensors
    values = np.array(decoded.values, np.float32)
    half = from_carrier(values, decoded.data_format, decoded.payload_type)
    assert half.dtype == np.float16
    assert half.tolist() == [65504, -65504]


def test_d_06_profile_2_read_as_profile_1_is_another_header() -> None:
    data = bytearray(worked.read("profile-2"))
    as_0 = levels(bytes(data))
    data[3] = 1
    assert levels(bytes(data)) != as_0


def test_d_08_parameters_last_sent_would_give_other_values() -> None:
    stream = worked.decoded("layer-parameters").stream
    assert stream is not None
    a, b, c = (list(t.values) for t in stream.tensors)
    assert a != b
    assert c == a


def test_d_09_topology_of_bytes_is_no_string() -> None:
    data = worked.read("topology-bytes")
    bits = BitReader(data)
    bits.position = 8 * data.index(b"\xff\x00\xfe")
    with pytest.raises(Refused, match="string-not-utf8"):
        bits.st("topology_data")


def test_d_13_other_default_of_the_unary_length_breaks_the_codeword() -> None:
    data = worked.read("default-unary")
    ten = {"w": {"cabac_unary_length_minus1": 10}}
    assert levels(data) == [([12, -10], [12, -10])]
    assert levels(data, out_of_band=ten) != levels(data)


def test_d_19_one_rounding_of_a_tiny_step_would_not_be_zero() -> None:
    stream = worked.decoded("tiny-step").stream
    assert stream is not None
    assert stream.tensors[0].values[0] == 0
    assert reconstruct.rounded(4 * 4, -152, reconstruct.BINARY32) == 2.0**-148


def test_d_29_the_device_of_the_unit_alone_would_not_be_the_parents() -> None:
    state = UpdateState()
    decode_stream(worked.read("update-1"), state=state)
    assert len(levels(worked.read("parent-device"), state=copy.deepcopy(state))) == 1
    state.tensors["w"].device_id = 3
    assert len(levels(worked.read("parent-device"), state=copy.deepcopy(state))) == 1
    state.tensors["w"].device_id = 1
    assert levels(worked.read("parent-device"), state=state) == "parent-mismatch"


def test_d_30_a_base_in_the_history_mask_would_change_the_codeword() -> None:
    state = UpdateState()
    decode_stream(worked.read("base-of-history"), state=state)
    data = worked.read("history-behind-a-base")
    chosen = levels(data, state=copy.deepcopy(state))
    assert chosen == [([1, 0, 0, -1], [1, 0, 0, -1])]
    state.tensors["w"].history = [1, 0, 1, 1]
    assert levels(data, state=state) != chosen


def test_d_31_a_complete_tensor_would_be_another_one_if_it_were_added() -> None:
    streams = [worked.read("base-of-history"), worked.read("complete-tensor")]
    base, complete = (decode(data)["w"] for data in streams)
    assert decode_chain(streams)["w"].tolist() == complete.tolist() == [[1.25, 0], [0.25, 0]]
    assert (base + complete).tolist() == [[2, 0], [-0.25, 0.25]]


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("trailing-byte", "payload-trailing-bytes"),
        ("offset-range", "payload-offset-range"),
        ("duplicate-name", "tensor-name-duplicate"),
        ("integer-dq", "dq-with-integer-payload"),
        ("entry-point-lie", "entry-point-mismatch"),
        ("map-without-entries", "performance-map-count-zero"),
        ("aggregate", "aggregate-undefined"),
        ("several-names", "tensor-split-undefined"),
    ],
)
def test_stream_that_a_decision_refuses_breaks_its_rule(name: str, rule: str) -> None:
    assert worked.manifest()[name]["refused"] == rule


@pytest.mark.parametrize(
    ("name", "findings"),
    [
        ("profile-2", ["profile-reserved"]),
        ("reserved-bits", ["reserved-bits-nonzero", "alignment-bits-not-zero"]),
        ("stop-bit", ["payload-stop-bit"]),
    ],
)
def test_stream_that_a_decision_tolerates_has_findings(name: str, findings: list[str]) -> None:
    assert worked.manifest()[name]["findings"] == findings
