"""Any byte string given to the decoder ends in tensors or in an NnrError, cheaply."""

import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import Block, Limits, decode, encode
from nnref.spec.errors import LimitExceededError, MalformedError, NnrError
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import UnitType

SMALL = Limits(max_tensor_elements=1 << 16, max_total_bytes=1 << 20)


def streams() -> list[bytes]:
    generator = np.random.default_rng(3)
    weight = generator.laplace(0, 1, (24, 20)).astype(np.float32)
    weight[::3] = 0
    model = {"w": weight, "b": weight[0], "i": np.arange(5), "h": weight.astype(np.float16)}
    return [
        encode(model, sqnr=20.0, profile=profile, scan_order=scan_order, dq=dq)
        for profile, scan_order, dq in ((0, 0, True), (1, 1, True), (1, 0, False))
    ] + [
        encode(model, lossless=True),
        encode(model, compatible=False, row_skip=True),
        encode(model, codebook=5),
        encode(model | {"c": weight[:, 0]}, blocks=(Block("w", "c"),), indexed_names=True),
    ]


STREAMS = streams()


def decodes_or_refuses(data: bytes) -> None:
    refused: NnrError | None = None
    try:
        decode(data, limits=SMALL)
    except NnrError as error:
        refused = error
    if refused is not None:
        assert refused.rule.kind not in ("usage", "file")
        assert refused.rule.text in str(refused)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_end_in_tensors_or_an_error(data):
    decodes_or_refuses(data)
    decodes_or_refuses(STREAMS[0][:12] + data)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(STREAMS), st.data())
def test_damaged_streams_end_in_tensors_or_an_error(stream, data):
    damaged = bytearray(stream)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    decodes_or_refuses(bytes(damaged))


@pytest.mark.parametrize("stream", STREAMS)
def test_a_stream_cut_anywhere_but_between_units_is_refused(stream):
    cuts = unit_ends(stream)
    for length in range(len(stream)):
        if length not in cuts:
            with pytest.raises(NnrError):
                decode(stream[:length])


def unit_ends(stream: bytes) -> set[int]:
    ends, offset = set(), 0
    while offset < len(stream):
        offset += int.from_bytes(stream[offset : offset + 2], "big")
        ends.add(offset)
    return ends


def bomb(dimensions: list[int], payload: bytes, **fields: int) -> bytes:
    """A stream whose only tensor declares these dimensions."""
    state, stream = StreamState(), b""
    opening = {
        UnitType.NNR_STR: {"general_profile_idc": 1},
        UnitType.NNR_MPS: {
            "mps_quantization_method_flags": 1,
            "mps_qp_density": 2,
            "mps_quantization_parameter": 0,
        },
    }
    for kind, elements in opening.items():
        stream += write_unit(kind, elements, b"", state)
        state = state.after(kind, elements)
    header = {
        "nnr_compressed_data_unit_payload_type": 1,
        "nnr_multiple_topology_elements_present_flag": 0,
        "nnr_decompressed_data_format_present_flag": 0,
        "node_id_present_flag": 0,
        "input_parameters_present_flag": 1,
        "topology_elem_id": "w",
        "codebook_present_flag": 0,
        "dq_flag": 0,
        "tensor_dimensions_flag": 1,
        "cabac_unary_length_flag": 1,
        "compressed_parameter_types": 0,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "cabac_unary_length_minus1": 10,
    }
    if len(dimensions) > 1:
        header |= {"first_tensor_dimension_shift": 0, "scan_order": 0}
    return stream + write_unit(UnitType.NNR_NDU, header | fields, payload, state)


@pytest.mark.parametrize("dimensions", [[30000, 30000], [2**31 - 1], [1000, 1000, 1000]])
def test_a_few_bytes_that_declare_a_giant_tensor_are_refused_before_memory_is_taken(dimensions):
    stream = bomb(dimensions, bytes(60))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MalformedError) as caught:
        decode(stream)
    assert caught.value.id == "payload-bound"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


def test_limits_of_policy_come_first_and_name_the_option():
    with pytest.raises(LimitExceededError, match="--limit max_tensor_elements"):
        decode(bomb([2**31 - 1, 2], bytes(60)))
    with pytest.raises(LimitExceededError) as caught:
        decode(STREAMS[0], limits=Limits(max_total_bytes=100))
    assert caught.value.id == "limit-total-bytes"


SCRIPT = """
import sys
import numpy as np
from nnref.codec import decode, encode
from nnref.spec.errors import NnrError
weight = np.random.default_rng(3).laplace(0, 1, (9, 8)).astype(np.float32)
for options in ({"dq": True}, {"dq": False, "scan_order": 1}, {"profile": 0}):
    sys.stdout.write(encode({"w": weight}, sqnr=15.0, **options).hex() + "\\n")
    decode(encode({"w": weight}, sqnr=15.0, **options))
"""


def test_the_codec_gives_the_same_bytes_without_the_jit():
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", SCRIPT],
            env={"NUMBA_DISABLE_JIT": flag, "PATH": ""},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for flag in ("0", "1")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 100
