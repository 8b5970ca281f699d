"""Whole streams: what they decode to, and what is refused in them."""

import hashlib
import struct

import pytest

from nnref.spec.process import (
    DecodedStream,
    DecodedTensor,
    DecodedUnit,
    Refused,
    StoredTensor,
    UpdateState,
    compose_blocks,
    decode_stream,
)
from nnref.spec.process.data_unit import DataUnitHeader
from tests.spec.process import streams
from tests.spec.process.recorder import Recorder
from tests.spec.process.streams import MPS, START, bit_bytes, unit


def digest(integers):
    return hashlib.sha256(struct.pack(f"<{len(integers)}i", *integers)).hexdigest()


def by_name(stream):
    return {tensor.name: tensor for tensor in stream.tensors}


def float32(*values):
    return [struct.unpack("<f", struct.pack("<f", value))[0] for value in values]


def refused(data, **options):
    with pytest.raises(Refused) as caught:
        decode_stream(data, **options)
    return caught.value.rule_id


def test_float_tensor_is_level_times_step():
    (tensor,) = decode_stream(streams.FLOAT_P0).tensors
    assert (tensor.name, tensor.dimensions, tensor.qp, tensor.step) == ("w", [2, 2], -12, 0.125)
    assert tensor.levels == [4, -2, 8, 0]
    assert tensor.values == [0.5, -0.25, 1.0, 0.0]


def test_unit_reports_its_place_and_the_bytes_its_payload_used():
    stream = decode_stream(streams.FLOAT_P0)
    assert [(u.nnr_unit_type, u.first_byte, u.size) for u in stream.units] == [
        (0, 0, 4),
        (1, 4, 8),
        (5, 12, 19),
    ]
    assert (stream.units[2].payload_first_byte, stream.units[2].bytes_consumed) == (24, 7)


@pytest.mark.parametrize(
    ("data", "values"), [(streams.INT_P0, [1, -2, 3, 0]), (streams.INT_P1, [1, -2, 3, 0])]
)
def test_integer_tensor_is_its_levels(data, values):
    (tensor,) = decode_stream(data).tensors
    assert (tensor.values, tensor.qp, tensor.step) == (values, None, None)
    assert all(isinstance(value, int) for value in tensor.values)


def test_dependent_quantization_in_profile_1():
    tensors = by_name(decode_stream(streams.FLOAT_P1))
    weight = [0.50097656, -0.24902344, 0.0014648438, 0.99902344, 0, -0.75]
    assert tensors["fc.weight"].values == float32(*weight)
    assert tensors["fc.bias"].values == float32(0.10000229, -0.19999981)


def test_block_members_are_in_payload_order_under_their_header_names():
    tensors = decode_stream(streams.BLOCK_ALL).tensors
    assert [(t.role, t.name) for t in tensors] == [
        ("ls", "conv.weight_scaling"),
        ("bias", "conv.bias"),
        ("bn.beta", "bn.bias"),
        ("bn.gamma", "bn.weight"),
        ("bn.mean", "bn.running_mean"),
        ("bn.var", "bn.running_var"),
        ("weight", "conv.weight"),
    ]
    assert [t.quantized for t in tensors[:-1]] == [
        [192] * 4,
        [-10, 10, 3, 12],
        [0] * 4,
        [128] * 4,
        [-4, -20, -2, -6],
        [114, 116, 115, 115],
    ]
    expected = "579ca9b80f64e30ff284c062146f47b1ffb7a6e88d5d528ec8417dfe00bbfe25"
    assert digest(tensors[-1].quantized) == expected


def test_local_scaling_is_multiplied_into_the_weight_when_blocks_are_composed():
    stream = decode_stream(streams.BLOCK_LS_BIAS)
    assert [t.values for t in stream.tensors] == [[1.0, 2.0], [0.25, -0.5], [0.5, -0.25, 1.0, 0.0]]
    composed = compose_blocks(stream)
    assert [t.name for t in composed] == ["d", "c"]
    assert composed[1].values == [0.5, -0.25, 2.0, 0.0]


def test_codebook_index_0_stands_for_the_zero_offset():
    (tensor,) = decode_stream(streams.CODEBOOK_P1).tensors
    assert tensor.codebook.values == [-1024, -341, 0, 683, 1365]
    assert tensor.codebook.zero_offset == 1
    assert tensor.levels == [2, 0, 1, 3, 1, -1]
    step = 6 * 2.0**-13
    exact = [step * entry for entry in (683, -341, 0, 1365, 0, -1024)]
    assert tensor.exact_values == exact
    assert tensor.values == float32(*exact)


def test_entry_points_of_a_block_scan_fit_what_is_decoded():
    (tensor,) = decode_stream(streams.ENTRY_POINTS).tensors
    assert tensor.quantized[:9] == [0, 0, 0, -2, 2, 1, 0, 0, 0]
    expected = "adf286f8985c5b485da4b4f442b7231c2f7dac3d718316e0d92ea956a9604829"
    assert digest(tensor.quantized) == expected


@pytest.mark.parametrize(
    ("data", "digests"),
    [
        (
            streams.LOW_RANK_CODEBOOKS,
            {
                "fc.bias": "443d280d90bcd38992b49979bd8de36a9225f626bf1a845cca834f7c8e9b6502",
                "fc.weight_G": "fd84f870ab9732d00c3ebfc838c008a2d4ce67667caaf2778d90bb6ac5e821ce",
                "fc.weight_H": "4d97e8069b9a7272bd9698add88b01082ae12f87f4341fe3c35f18a1015ea85c",
            },
        ),
        (
            streams.LOW_RANK_ENTRY_POINTS,
            {
                "fc.bias": "52daa7c03e939a9d499a74dbca09847011fa5b56b413dd56c4bc9acdda0eb79a",
                "fc.weight_G": "cfe223278f8be60c9426620b1dd7d1cb0e65aee71d62d8c990ede8671be578ae",
                "fc.weight_H": "07b6760239b5a13c33727fa87a021821e9e78cfc45546503e5e05b7cd4eea141",
            },
        ),
    ],
)
def test_factors_of_a_low_rank_weight(data, digests):
    tensors = by_name(decode_stream(data))
    assert {name: digest(tensors[name].quantized) for name in digests} == digests


def test_second_codebook_of_a_low_rank_block_belongs_to_its_second_factor():
    tensors = by_name(decode_stream(streams.LOW_RANK_CODEBOOKS))
    first, second = tensors["fc.weight_G"].codebook, tensors["fc.weight_H"].codebook
    assert (len(first.values), first.zero_offset, first.values[-1]) == (12, 6, 7)
    assert (second.values, second.zero_offset) == ([-4, -3, -2, -1, 0, 1, 2, 3, 5], 3)
    assert tensors["fc.bias"].codebook is None


def test_factors_are_multiplied_in_the_order_of_the_rank():
    stream = decode_stream(streams.LOW_RANK_ENTRY_POINTS)
    tensors = by_name(stream)
    g, h = tensors["fc.weight_G"], tensors["fc.weight_H"]
    composed = {t.name: t for t in compose_blocks(stream)}
    assert list(composed) == ["fc.bias", "fc.weight"]
    assert composed["fc.weight"].dimensions == [20, 18]
    total = 0.0
    for r in range(10):
        (total,) = float32(total + float32(g.values[10 + r] * h.values[18 * r + 2])[0])
    assert composed["fc.weight"].values[18 + 2] == total


def block(role, name, dimensions, values):
    return DecodedTensor(0, name, role, dimensions, 3, None, values)


def test_local_scaling_of_a_low_rank_weight_goes_to_its_first_factor():
    header = DataUnitHeader(3, tensor_dimensions=[2, 3])
    tensors = [
        block("ls", "w_scaling", [2], [2.0, 3.0]),
        block("G", "w_G", [2, 1], [1.0, 10.0]),
        block("H", "w_H", [1, 3], [1.0, 2.0, 3.0]),
    ]
    stream = DecodedStream(units=[DecodedUnit(5, 0, 0, header=header)], tensors=tensors)
    (weight,) = compose_blocks(stream)
    assert (weight.name, weight.dimensions) == ("w", [2, 3])
    assert weight.values == [2.0, 4.0, 6.0, 30.0, 60.0, 90.0]


def test_update_chain_uses_and_replaces_the_stored_levels():
    state = UpdateState()
    decoded = [by_name(decode_stream(data, state=state)) for data in streams.UPDATES]
    assert decoded[1]["b"].quantized == [0, 2, 0, -1, 1, 0]
    assert decoded[2]["w"].quantized == (
        [-2, 2, -1, 2, 0] + [0, -2, -2, -1, 0] + [0] * 5 + [0, -1, -2, -1, -1] + [0] * 5
        + [2, 0, 0, 0, 0]
    )  # fmt: skip
    assert state.tensors["w"].levels == decoded[2]["w"].quantized
    assert state.tensors["w"].put_node_depth == 3
    assert state.tensors["b"].levels == decoded[1]["b"].quantized
    assert state.tensors["w"].history[:5] == [1, 1, 1, 1, 1]
    assert sum(state.tensors["w"].history) == 5 + 4 + 5 + 4


def test_update_whose_base_is_missing_is_refused():
    assert refused(streams.UPDATES[2]) == "base-missing"


def test_update_whose_base_has_another_size_is_refused():
    state = UpdateState({"w": StoredTensor([1], [1])})
    assert refused(streams.UPDATES[2], state=state) == "base-missing"


def test_update_whose_parent_is_not_the_stored_one_is_refused_and_changes_nothing():
    state = UpdateState()
    decode_stream(streams.UPDATES[0], state=state)
    before = dict(state.tensors)
    assert refused(streams.UPDATES[2], state=state) == "parent-mismatch"
    assert state.tensors == before


def test_out_of_band_values_take_the_place_of_absent_elements():
    given = {"w": {"tensor_dimensions": [2, 2], "cabac_unary_length_minus1": 10}}
    (tensor,) = decode_stream(streams.OUT_OF_BAND, out_of_band=given).tensors
    assert tensor.quantized == [4, -2, 8, 0]
    assert refused(streams.OUT_OF_BAND) == "dimensions-unknown"
    without_length = {"w": {"tensor_dimensions": [2, 2]}}
    assert refused(streams.OUT_OF_BAND, out_of_band=without_length) == "payload-terminate-bin"


def test_dialect_1_has_one_shift_parameter_more():
    assert refused(streams.BLOCK_ALL, dialect=1)


def test_performance_maps_are_read_to_the_last_bit():
    recorder = Recorder()
    decode_stream(START[0] + streams.PERFORMANCE_MAPS, observer=recorder)
    values = {path.partition("map.")[2]: value for path, value in recorder.values.items()}
    assert values["entries[0].spm_class_bitmask"] == 3
    assert values["entries[1].ppm_nn_class_accuracy[0]"] == float32(0.3)[0]
    assert values["entries[0].reshaped_tensor_dimensions[1]"] == 5
    assert values["entries[0].super_block_dimensions[1]"] == 9
    assert values["entries[0].dpm_count_classes"] == 1


def test_elements_are_reported_with_their_bits():
    recorder = Recorder()
    decode_stream(streams.FLOAT_P0, observer=recorder)
    end = 0
    for _, bit, length, _ in recorder.elements:
        assert bit == end
        end = bit + length
    assert end == 8 * 24
    assert ("mps_quantization_parameter", 8 * 9 + 3, 13, 0) in recorder.elements
    assert ("topology_elem_id", 8 * 16, 16, "w") in recorder.elements
    assert ("tensor_dimensions[1]", 8 * 20 + 4, 8, 2) in recorder.elements
    assert ("byte_alignment()", 8 * 23, 8, 0x80) in recorder.elements
    assert recorder.units[2] == (2, 5, 8 * 12, 19)
    assert recorder.tensors == [("w", "weight", 2, 2)]
    assert recorder.coded[0] == ("qp_delta", None, -12)


# Hand-made streams: what no encoder at hand writes.

W1 = streams.FLOAT_P0[12:]
W1_HEADER, W1_PAYLOAD = W1[3:12], W1[12:]
DIMENSIONS_2X2 = "0100" + "10000010" * 2


def floats(body):
    return START[0] + MPS + unit(5, body)


def test_unit_with_a_long_size_field_is_read():
    data = START[0] + MPS + unit(5, W1_HEADER + W1_PAYLOAD, long=True)
    assert decode_stream(data).tensors[0].levels == [4, -2, 8, 0]


def test_partial_data_counter_is_read_over():
    data = START[0] + MPS + unit(5, W1_HEADER + W1_PAYLOAD, counter=0)
    assert decode_stream(data).tensors[0].levels == [4, -2, 8, 0]


@pytest.mark.parametrize("unit_type", [7, 31, 32, 40, 63])
def test_unknown_unit_is_skipped_by_its_size(unit_type):
    data = START[0] + MPS + unit(unit_type, b"\xff\x00 anything") + W1
    stream = decode_stream(data)
    assert stream.tensors[0].levels == [4, -2, 8, 0]
    assert stream.units[2].nnr_unit_type == unit_type


def test_layer_parameter_set_replaces_density_and_base_qp():
    lps = unit(2, bit_bytes((1, 0), (7, 0), "0000", "001", "0", (3, 2), (13, -8), "10000000"))
    (tensor,) = decode_stream(START[0] + MPS + lps + W1).tensors
    assert (tensor.qp, tensor.step, tensor.levels) == (-20, 0.03125, [4, -2, 8, 0])


def test_layer_parameter_set_without_quantization_leaves_that_in_force():
    lps = unit(2, bit_bytes((1, 1), (7, 0), "0000", "000", "0", "10000000"))
    assert decode_stream(START[0] + MPS + lps + W1).tensors[0].qp == -12


def test_index_refers_to_the_reference_list():
    mps = unit(1, bit_bytes("10000", "001", "1", (7, 0), (3, 2), (13, 0), "10000000"))
    names = unit(3, bytes([6, 0]) + bit_bytes("10000000", "10000000") + b"a\0w\0")
    flags, rest = W1_HEADER[:1], W1_HEADER[3:]
    ndu = unit(5, flags + bit_bytes("10000001") + rest + W1_PAYLOAD)
    assert decode_stream(START[0] + mps + names + ndu).tensors[0].name == "w"
    assert refused(START[0] + mps + ndu) == "topology-index-range"


@pytest.mark.parametrize(("kind", "bits"), [(1, 256), (2, 512)])
def test_parent_named_by_a_hash_is_read(kind, bits):
    ids = ("0", "1", (2, kind), "0", (bits, 5))
    coding = ("0", "0", "1", "1", "0000", DIMENSIONS_2X2, (8, 10), "10", "0000", "1")
    header = bit_bytes("00001", "001") + b"w\0" + bit_bytes(*ids, *coding)
    payload = bytes.fromhex("f32f400515140380")
    recorder = Recorder()
    data = START[1] + streams.MPS_UPDATES + unit(5, header + payload)
    (tensor,) = decode_stream(data, observer=recorder).tensors
    assert tensor.levels == [4, -2, 8, 0]
    assert recorder.values[f"parent_node_payload_sha{bits}"] == 5


def test_raw_tensor_keeps_its_bytes():
    raw = struct.pack("<2f", 1.5, -2) + bytes.fromhex("0100807f")
    header = bit_bytes("00010", "001") + b"r\0" + bit_bytes("1", "0", "0000", "11", "10000011")
    data = floats(header + bit_bytes("10000000") + raw)
    recorder = Recorder()
    (tensor,) = decode_stream(data, observer=recorder).tensors
    assert (tensor.raw, tensor.dimensions) == (raw, [3])
    assert tensor.values[:2] == [1.5, -2.0]
    assert refused(floats(header + bit_bytes("10000000") + raw[:-1])) == "payload-size-raw"


def test_tensor_without_dimensions_is_one_number():
    coding = bit_bytes("0", "0", "1", "1", "0000", "10", (8, 10), "1")
    data = floats(W1_HEADER[:3] + coding + bytes.fromhex("f39900143f80"))
    (tensor,) = decode_stream(data).tensors
    assert (tensor.dimensions, tensor.levels, tensor.values) == ([], [5], [0.625])


def test_level_outside_the_codebook_is_refused():
    codebook = "1" + "0000" + "111" + "100" + "10000000" + "1" + "1"
    coding = (codebook, "0", "1", "1", "0000", DIMENSIONS_2X2, (8, 10), "0000", "1")
    header = W1_HEADER[:3] + bit_bytes(*coding)
    assert refused(floats(header + bytes.fromhex("f3990019c2ac"))) == "codebook-index-range"


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "stream-empty"),
        (b"\x00", "unit-truncated"),
        (b"\x80\x00\x00", "unit-truncated"),
        (b"\x00\x02", "unit-size-too-small"),
        (START[0][:3], "unit-truncated"),
        (MPS, "start-unit-missing"),
        (START[0] + START[0], "start-unit-repeated"),
        (START[0] + MPS + MPS, "mps-repeated"),
        (START[0] + W1, "mps-missing"),
        (streams.FLOAT_P0 + W1, "tensor-name-duplicate"),
        (unit(0, b"\0\0"), "unit-size-mismatch"),
        (unit(0, b""), "unit-element-truncated"),
        (START[0] + MPS + unit(6, b"any"), "aggregate-undefined"),
        (floats(bit_bytes("00100", "001") + b"w\0"), "payload-type-reserved"),
        (floats(bit_bytes("00001", "101") + b"w\0"), "tensor-split-undefined"),
        (floats(bit_bytes("00011", "001") + b"w\0"), "block-single-element"),
        (floats(bit_bytes("00001", "001") + b"w"), "string-unterminated"),
        (floats(bit_bytes("00001", "001") + b"\xff\0"), "string-not-utf8"),
        (floats(W1_HEADER + W1_PAYLOAD + b"\0"), "payload-trailing-bytes"),
        (floats(W1_HEADER + W1_PAYLOAD[:-1]), "payload-truncated"),
        (floats(W1_HEADER + b"\0"), "payload-too-short"),
        (floats(W1_HEADER + b"\xff\xff"), "payload-offset-range"),
        (
            START[0] + unit(1, bit_bytes("10000", "000", "0", (7, 0), "10000000")) + W1,
            "qp-density-missing",
        ),
        (START[0] + unit(1, bytes.fromhex("c1004000 00 80")), "performance-map-count-zero"),
    ],
)
def test_broken_rule_is_named(data, rule):
    assert refused(data) == rule


def header_refusal(*fields):
    return refused(floats(bit_bytes("00001", "001") + b"w\0" + bit_bytes(*fields) + bytes(8)))


def test_broken_rules_of_the_data_unit_header_are_named():
    no_codebook = "0"
    assert header_refusal("1", "0000", "11", "00") == "exp-golomb-too-long"
    assert header_refusal("1", "0000", "100") == "codebook-empty"
    assert header_refusal("1", "0000", "101", "111") == "codebook-zero-offset-range"
    one_entry = "1" + "0000" + "101" + "100" + "10000000"
    assert header_refusal(one_entry, "1") == "dq-with-codebook"
    assert header_refusal(no_codebook, "0", "11", "0000", DIMENSIONS_2X2, (8, 10), (4, 5)) == (
        "scan-order-reserved"
    )
    zero_rows = "0100" + "10000000" + "10000010"
    assert header_refusal(no_codebook, "0", "11", "0000", zero_rows, (8, 10), (4, 1)) == (
        "tensor-dimension-zero-columns"
    )
    assert header_refusal(
        no_codebook, "0", "11", "0001", "1000", "1000", DIMENSIONS_2X2, (8, 10)
    ) == ("decomposition-rows")


def test_integer_payload_with_dependent_quantization_is_refused():
    body = bit_bytes("00000", "001") + b"w\0" + bit_bytes("1") + bytes(8)
    assert refused(floats(body)) == "dq-with-integer-payload"


@pytest.mark.parametrize(("code", "rule"), [(9, None), (10, "data-format-reserved"), (64, None)])
def test_data_format_is_reported_unless_it_is_reserved(code, rule):
    text = f"00{code:07b}110000" + DIMENSIONS_2X2 + "000010100000"
    body = bit_bytes("00001", "011") + b"w\0" + bit_bytes(text + "1") + W1_PAYLOAD
    if rule is None:
        assert decode_stream(floats(body)).tensors[0].data_format == code
    else:
        assert refused(floats(body)) == rule


def test_tolerated_rules_are_findings():
    damaged = bytearray(streams.FLOAT_P0)
    damaged[11] = 0x01  # byte_alignment() of the parameter set
    damaged[8] |= 0x7F  # its reserved bits
    damaged[3] = 2
    damaged[-1] ^= 0x01  # the byte of the stop bit
    topology = unit(3, b"\x07\x00data")
    stream = decode_stream(bytes(damaged[:12]) + topology + bytes(damaged[12:]))
    assert [finding.rule_id for finding in stream.findings] == [
        "profile-reserved",
        "reserved-bits-nonzero",
        "alignment-bit-not-one",
        "alignment-bits-not-zero",
        "topology-format-reserved",
        "byte-string-unterminated",
        "payload-stop-bit",
    ]
    assert stream.tensors[0].levels == [4, -2, 8, 0]


def test_more_weights_than_allowed_are_refused():
    assert refused(streams.FLOAT_P0, max_weights=3) == "limit-tensor-elements"
    assert decode_stream(streams.FLOAT_P0, max_weights=4)
    assert refused(streams.BLOCK_LS_BIAS, max_weights=7) == "limit-tensor-elements"


def test_weights_beyond_the_limit_take_no_memory():
    dimension = "0" * 23 + "1" + "0" * 30  # ue(7): 2^30 - 2^7
    coding = ("0", "0", "1", "1", "0000", "0100", dimension * 2, (8, 10), "0000", "1")
    assert refused(floats(W1_HEADER[:3] + bit_bytes(*coding) + W1_PAYLOAD)) == (
        "limit-tensor-elements"
    )


def test_refusal_says_where():
    with pytest.raises(Refused) as caught:
        decode_stream(floats(W1_HEADER + W1_PAYLOAD + b"\0"))
    assert (caught.value.unit, caught.value.bit) == (2, 8 * 31)
    assert "bit 248" in str(caught.value)
