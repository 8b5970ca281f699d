"""Clause 10.6: blocks are handed out as a user loads them, or as they are coded."""

import numpy as np
import pytest

from nnref.codec import Limits, NnrError, decode, decode_file, open_stream
from nnref.codec.entropy import PayloadEncoder, TensorSyntax
from nnref.codec.model import open_model
from nnref.spec.process import compose_blocks, decode_stream
from nnref.spec.process.refused import Refused
from nnref.spec.syntax import StreamState, write_unit
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt
from nnref.spec.tables.enums import UnitType
from tests.spec.process import streams

BLOCKS = (
    streams.BLOCK_LS_BIAS,
    streams.LOW_RANK_CODEBOOKS,
    streams.LOW_RANK_ENTRY_POINTS,
)


OPENING = 12
"""Bytes of the start unit and the model parameter set of these streams."""


def low_rank(names, dimensions, rows, rank, scaling=False):
    """A stream with one block of factors whose levels are 1, 2, 3, ..."""
    types = Cpt.NNR_CPT_DC | (Cpt.NNR_CPT_LS if scaling else Cpt(0))
    opening = {
        UnitType.NNR_STR: {"general_profile_idc": 1},
        UnitType.NNR_MPS: {
            "mps_quantization_method_flags": 1,
            "mps_qp_density": 2,
            "mps_quantization_parameter": 0,
        },
    }
    state, units = StreamState(), []
    for kind, elements in opening.items():
        units.append(write_unit(kind, elements, b"", state))
        state = state.after(kind, elements)
    header = {
        "nnr_compressed_data_unit_payload_type": 3,
        "nnr_multiple_topology_elements_present_flag": 1,
        "nnr_decompressed_data_format_present_flag": 0,
        "input_parameters_present_flag": 1,
        "count_topology_elements_minus2": len(names) - 2,
        "topology_elem_id_list": names,
        "node_id_present_flag": 0,
        "codebook_present_flag": 0,
        "dq_flag": 0,
        "tensor_dimensions_flag": 1,
        "cabac_unary_length_flag": 1,
        "compressed_parameter_types": int(types),
        "decomposition_rank": rank,
        "g_number_of_rows": rows,
        "count_tensor_dimensions": len(dimensions),
        "tensor_dimensions": dimensions,
        "cabac_unary_length_minus1": 10,
        "first_tensor_dimension_shift": 0,
        "scan_order": 0,
    }
    shapes = [(dimensions[0], 1)] * scaling
    shapes += [(rows, rank), (rank, np.prod(dimensions) // rows)]
    payload = PayloadEncoder()
    for shape in shapes:
        payload.iae(8, 0)
        levels = np.arange(1, np.prod(shape) + 1, dtype=np.int32)
        payload.encode_tensor(levels, TensorSyntax(*map(int, shape)))
    return b"".join((*units, write_unit(UnitType.NNR_NDU, header, payload.finish(), state)))


@pytest.mark.parametrize("data", BLOCKS)
def test_composed_tensors_are_those_of_the_literal_decoder(data):
    expected = compose_blocks(decode_stream(data))
    decoded = decode(data)
    assert list(decoded) == [tensor.name for tensor in expected]
    for tensor in expected:
        array = decoded[tensor.name]
        assert list(array.shape) == tensor.dimensions
        assert array.tobytes() == np.array(tensor.values, np.float32).tobytes()


@pytest.mark.parametrize("data", BLOCKS)
def test_as_coded_every_tensor_has_its_own_name(data):
    expected = decode_stream(data).tensors
    decoded = decode(data, as_coded=True)
    assert list(decoded) == [tensor.name for tensor in expected]
    for tensor in expected:
        array = np.array(tensor.values, np.float32).reshape(tensor.dimensions)
        assert decoded[tensor.name].tobytes() == array.tobytes()


def test_a_composed_weight_is_read_alone_under_its_name():
    stream = open_stream(streams.LOW_RANK_CODEBOOKS)
    assert list(stream) == ["fc.bias", "fc.weight"]
    assert stream.info("fc.weight").info.shape == (20, 2, 9)
    assert np.array_equal(stream["fc.weight"], decode(streams.LOW_RANK_CODEBOOKS)["fc.weight"])
    assert "low-rank" in stream.info("fc.weight").tools


def test_factors_of_the_scaling_of_factors_multiply_g():
    data = low_rank(["w_G", "w_H", "w_scaling"], [2, 3], 2, 1, scaling=True)
    assert decode(data)["w"].tolist() == [[1, 2, 3], [4, 8, 12]]
    assert list(decode(data, as_coded=True)) == ["w_scaling", "w_G", "w_H"]


def test_scaling_that_does_not_fit_the_rows_of_g_is_refused_by_both_decoders():
    data = low_rank(["w_G", "w_H", "w_scaling"], [4, 3], 2, 1, scaling=True)
    with pytest.raises(NnrError) as caught:
        decode(data)
    assert caught.value.id == "local-scaling-rows"
    assert caught.value.place.tensor == "w_G"
    with pytest.raises(Refused) as refused:
        compose_blocks(decode_stream(data))
    assert refused.value.rule_id == "local-scaling-rows"
    assert len(decode(data, as_coded=True)) == 3


def test_a_composed_weight_of_a_name_in_use_is_refused_by_both_decoders():
    first = low_rank(["w_G", "w_H"], [2, 3], 2, 1)
    data = first + low_rank(["w", "other"], [2, 3], 2, 1)[OPENING:]
    with pytest.raises(NnrError) as caught:
        decode(data)
    assert caught.value.id == "tensor-name-duplicate"
    assert caught.value.place.tensor == "w"
    with pytest.raises(Refused) as refused:
        compose_blocks(decode_stream(data))
    assert refused.value.rule_id == "tensor-name-duplicate"
    assert len(decode(data, as_coded=True)) == 4


def test_the_limit_of_bytes_counts_the_composed_weight():
    data = low_rank(["w_G", "w_H"], [64, 64], 64, 1)
    with pytest.raises(NnrError) as caught:
        decode(data, limits=Limits(max_total_bytes=64 * 63 * 4))
    assert caught.value.id == "limit-total-bytes"
    assert caught.value.place.tensor == "w"
    assert len(decode(data, limits=Limits(max_total_bytes=64 * 64 * 4))) == 1


def test_files_hold_the_composed_tensors(tmp_path):
    path = tmp_path / "out.safetensors"
    report = decode_file(streams.BLOCK_LS_BIAS, path)
    assert [tensor.name for tensor in report.tensors] == ["d", "c"]
    with open_model(path) as source:
        assert source.read("c").tolist() == [[0.5, -0.25], [2.0, 0.0]]
    decode_file(streams.BLOCK_LS_BIAS, path, as_coded=True)
    with open_model(path) as source:
        assert sorted(source.names()) == ["c", "c_scaling", "d"]


def test_updates_remember_the_tensors_as_coded():
    state = open_stream(streams.BLOCK_LS_BIAS).next_state()
    assert list(state.tensors) == ["c_scaling", "d", "c"]
