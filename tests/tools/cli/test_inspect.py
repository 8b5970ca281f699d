"""`nnref inspect`."""

import pytest

from tests.spec.process.streams import LOW_RANK_CODEBOOKS, PERFORMANCE_MAPS, START

from .damage import broken, with_bits

TOTALS_KEYS = ["units", "tensors", "weights", "tensor_bytes", "bits_per_weight"]
UNIT_KEYS = [
    *("unit", "type", "type_name", "byte", "bytes", "header_bits"),
    *("payload_byte", "payload_bytes", "elements"),
]


def test_units_and_tensors_are_listed(run, stream, tensors):
    status, out, err = run("inspect", stream)
    assert (status, err) == (0, "")
    assert "NNR_STR" in out
    assert "NNR_MPS" in out
    assert out.count("NNR_NDU") == len(tensors)
    assert "8x3x3x3" in out
    assert "bfloat16" in out
    assert "scalar" in out
    assert "mask [red]\\n" in out
    assert out.splitlines()[-1].startswith(f"{stream}: {stream.stat().st_size:,} bytes in 7 units ")


def test_elements_are_listed_on_request(run, stream):
    _, out, _ = run("inspect", stream, "--elements")
    lines = [line.split() for line in out.splitlines()]
    assert ["24", "8", "general_profile_idc", "u(8)", "1"] in lines
    assert any("topology_elem_id" in line and "conv.weight" in line for line in lines)


def test_json_has_documented_keys(run_json, stream, tensors):
    status, found, _ = run_json("inspect", stream)
    assert status == 0
    keys = ["schema", "stream", "bytes", "totals", "parameters", "topologies", "quantization_data"]
    assert list(found) == [*keys, "units", "tensors", "findings"]
    assert found["schema"] == "nnref.inspect/1"
    assert list(found["totals"]) == TOTALS_KEYS
    assert [list(unit) for unit in found["units"]] == 7 * [UNIT_KEYS]
    assert [row["name"] for row in found["tensors"]] == list(tensors)
    assert list(found["tensors"][0]) == [
        *("name", "unit", "shape", "dtype", "payload_type", "tools", "part_of"),
        *("unit_bytes", "unit_bits_per_weight"),
    ]


def test_units_and_elements_cover_every_bit_outside_the_payloads(run_json, stream):
    _, found, _ = run_json("inspect", stream)
    byte = 0
    for unit in found["units"]:
        assert unit["byte"] == byte
        bit = 8 * byte
        for element in unit["elements"]:
            assert element["bit"] == bit
            bit += element["bits"]
        assert bit == 8 * byte + unit["header_bits"] == 8 * unit["payload_byte"]
        byte = unit["payload_byte"] + unit["payload_bytes"]
    assert byte == found["bytes"] == stream.stat().st_size


def test_bits_per_weight_count_the_whole_unit(run_json, stream):
    _, found, _ = run_json("inspect", stream)
    weight = found["tensors"][0]
    assert weight["unit_bytes"] == found["units"][weight["unit"]]["bytes"]
    assert weight["unit_bits_per_weight"] == 8 * weight["unit_bytes"] / 216
    assert found["totals"]["bits_per_weight"] == 8 * found["bytes"] / found["totals"]["weights"]


def test_damaged_stream_is_shown_as_far_as_it_parses(run, run_json, stream, tmp_path):
    path = tmp_path / "cut.nnr"
    path.write_bytes(broken(stream.read_bytes(), "truncated"))
    status, out, err = run("inspect", path)
    assert status == 3
    assert out.count("NNR_NDU") == 4
    assert "conv.weight" in out
    assert err.startswith("nnref: error[unit-truncated]: unit 6")
    assert err.count("\n") == 1
    status, found, _ = run_json("inspect", path)
    assert status == 3
    assert found["error"]["error"] == "unit-truncated"
    assert len(found["units"]) == 6


def test_elements_of_the_damaged_unit_are_shown(run, run_json, stream, tmp_path):
    path = tmp_path / "cut.nnr"
    path.write_bytes(broken(stream.read_bytes(), "truncated"))
    _, found, _ = run_json("inspect", path)
    assert [element["element"] for element in found["unparsed"]][:2] == [
        "nnr_unit_size_flag",
        "nnr_unit_size",
    ]
    _, out, _ = run("inspect", path, "--elements")
    assert "Unit 6, not parsed to its end" in out


def test_unit_of_a_reserved_type_is_unsupported(run, stream, tmp_path):
    path = tmp_path / "reserved.nnr"
    path.write_bytes(broken(stream.read_bytes(), "unsupported"))
    status, out, err = run("inspect", path)
    assert status == 4
    assert err.startswith("nnref: error[payload-type-reserved]: unit 2")
    assert "NNR_MPS" in out


def test_tensor_of_a_reserved_format_is_unsupported_but_the_others_are_shown(
    run, run_json, stream, tmp_path
):
    _, found, _ = run_json("inspect", stream)
    (bit,) = (
        element["bit"]
        for element in found["units"][4]["elements"]
        if element["element"] == "nnr_decompressed_data_format"
    )
    path = tmp_path / "reserved.nnr"
    path.write_bytes(with_bits(stream.read_bytes(), bit, 7, 0b1011111))
    status, out, err = run("inspect", path)
    assert status == 4
    assert err.startswith("nnref: error[data-format-reserved]: unit 4 (NNR_NDU), tensor 'half'")
    assert out.count("NNR_NDU") == 5
    assert "in 4 tensors" in out


def test_unknown_units_are_skipped_and_shown(run, run_json, stream, tmp_path):
    path = tmp_path / "private.nnr"
    data = stream.read_bytes()
    path.write_bytes(data[:4] + bytes([0, 5, 40 << 2, 0xAB, 0xCD]) + data[4:])
    status, out, _ = run("inspect", path)
    assert status == 0
    assert "private(40)" in out
    _, found, _ = run_json("inspect", path)
    assert found["units"][1]["bytes"] == 5


def test_payload_is_not_looked_at(run, stream, tmp_path):
    path = tmp_path / "payload.nnr"
    path.write_bytes(broken(stream.read_bytes(), "payload"))
    assert run("inspect", path)[0] == 0


@pytest.mark.parametrize("content", [b"", b"\x00"])
def test_what_is_no_stream_is_malformed(run, tmp_path, content):
    path = tmp_path / "no.nnr"
    path.write_bytes(content)
    status, _, err = run("inspect", path)
    assert status == 3
    assert err.count("\n") == 1


def test_missing_file_is_a_file_error(run, tmp_path):
    assert run("inspect", tmp_path / "none.nnr")[0] == 7


def test_members_of_a_block_are_listed_and_totals_count_what_is_handed_out(run, run_json, tmp_path):
    path = tmp_path / "block.nnr"
    path.write_bytes(LOW_RANK_CODEBOOKS)
    assert "block codebook low-rank G of fc.weight" in run("inspect", path)[1]
    _, found, _ = run_json("inspect", path)
    assert {row["name"]: row["part_of"] for row in found["tensors"]} == {
        "fc.bias": None,
        "fc.weight_G": "fc.weight",
        "fc.weight_H": "fc.weight",
    }
    assert found["totals"]["tensors"] == 2
    assert found["totals"]["weights"] == 20 + 20 * 2 * 9


def test_value_that_json_lacks_is_shown_as_its_pattern(run_json, tmp_path):
    path = tmp_path / "nan.nnr"
    maps = START[0] + PERFORMANCE_MAPS
    path.write_bytes(maps.replace(bytes.fromhex("0000003f"), bytes.fromhex("0100807f"), 1))
    status, found, _ = run_json("inspect", path)
    assert status == 0
    assert "0x7f800001" in [one["value"] for one in found["units"][1]["elements"]]


def test_census_counts_layers_by_kind(run, run_json, stream):
    status, found, _ = run_json("inspect", stream, "--census")
    assert status == 0
    kinds = {one["kind"]: one for one in found["census"]}
    assert list(kinds) == ["other", "fully connected", "convolution", "point or depth wise"]
    assert kinds["convolution"]["layers"] == 1
    assert kinds["convolution"]["parameters"] == 8 * 27
    assert sum(one["parameters"] for one in kinds.values()) == found["totals"]["weights"]
    _, out, _ = run("inspect", stream, "--census")
    assert "point or depth wise" in out
