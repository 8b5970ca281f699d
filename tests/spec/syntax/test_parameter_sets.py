"""Clauses 6.3 to 6.8: parameter sets, performance maps, topology and quantization units."""

import pytest

from nnref.spec.errors import NnrError
from nnref.spec.syntax import read_units, write_unit
from nnref.spec.tables.enums import UnitType
from tests.spec.syntax.streams import ndu, opening

START = "00040200"
FOUR_MAPS = bytes.fromhex(
    START + "006606" + "f900" + "4000"
    # sparsification: one entry, two classes
    + "02" + "0000003f0000803e0000403f" + "02" + "83" + "cdcccc3dcdcc4c3e"
    # pruning: two entries
    + "03" + 2 * ("0000003f0000803e" + "01" + "81" + "9a99993e")
    # unification: one entry; the reshaped dimensions end off a byte boundary
    + "02" + "584858" + "030809" + "0204" + "cdcccc3dcdcc4c3e" + "01" + "81" + "9a99993e"
    # decomposition: 16-bit class count, no bitmask
    + "02" + "0ad7233c3333333f0000003f" + "0001" + "9a99193f"
    + "80"
)  # fmt: skip


def binary32(values):
    return pytest.approx(values, rel=1e-7)


def test_parameter_set_with_all_performance_maps():
    unit = list(read_units(FOUR_MAPS))[1]
    fields = unit.fields
    assert (unit.size, fields.mps_qp_density, fields.mps_quantization_parameter) == (102, 2, 0)
    (entry,) = fields.sparsification_performance_map.entries
    assert (entry.sparsification_threshold, entry.non_zero_ratio) == (0.5, 0.25)
    assert (entry.spm_nn_accuracy, entry.spm_class_bitmask) == (0.75, 3)
    assert entry.spm_nn_class_accuracy == binary32([0.1, 0.2])
    assert fields.pruning_performance_map.ppm_count_pruning_ratios == 3
    for entry in fields.pruning_performance_map.entries:
        assert (entry.pruning_ratio, entry.ppm_nn_accuracy) == (0.5, 0.25)
        assert entry.ppm_nn_class_accuracy == binary32([0.3])
    (entry,) = fields.unification_performance_map.entries
    assert (entry.count_reshaped_tensor_dimension, entry.reshaped_tensor_dimensions) == (3, [4, 5])
    assert (entry.super_block_dimensions, entry.block_dimensions) == ([8, 9], [4])
    assert entry.upm_nn_class_accuracy == binary32([0.3])
    (entry,) = fields.decomposition_performance_map.entries
    assert (entry.dpm_count_classes, entry.nn_reduction_ratio) == (1, 0.5)
    assert entry.dpm_nn_class_accuracy == binary32([0.6])


def test_parameter_set_with_performance_maps_is_written_back():
    units = list(read_units(FOUR_MAPS))
    assert (
        b"".join(write_unit(unit.nnr_unit_type, unit.fields, b"", unit.state) for unit in units)
        == FOUR_MAPS
    )


def test_map_elements_are_recorded_by_entry():
    records = []
    list(read_units(FOUR_MAPS, record=records.append))
    paths = {record.path: record for record in records}
    record = paths["pruning_performance_map.entries[1].ppm_nn_class_accuracy[0]"]
    assert (record.name, record.bits, record.descriptor) == ("ppm_nn_class_accuracy", 32, "flt(32)")
    alignment = paths["unification_performance_map.entries[0].byte_alignment()"]
    assert (alignment.bits, alignment.value) == (4, 0b1000)


def test_class_accuracies_are_counted_by_the_count_not_by_the_bitmask():
    # One class and bitmask 5: a reader that loops over the bitmask would read five numbers.
    data = FOUR_MAPS.replace(
        bytes.fromhex("01819a99993e020ad7"), bytes.fromhex("01859a99993e020ad7")
    )
    assert data != FOUR_MAPS
    (entry,) = list(read_units(data))[1].fields.unification_performance_map.entries
    assert (entry.upm_class_bitmask, len(entry.upm_nn_class_accuracy)) == (5, 1)


@pytest.mark.parametrize(
    ("flag", "performance_map"),
    [
        ("mps_sparsification_flag", {"spm_count_thresholds": 1, "entries": []}),
        ("mps_pruning_flag", {"ppm_count_pruning_ratios": 1, "entries": []}),
        ("mps_unification_flag", {"upm_count_thresholds": 1, "entries": []}),
        ("mps_decomposition_performance_map_flag", {"dpm_count_thresholds": 1, "entries": []}),
    ],
)
def test_map_count_of_one_means_no_entries_and_zero_is_refused(flag, performance_map):
    name = flag.removeprefix("mps_").removesuffix("_flag").removesuffix("_performance_map")
    name += "_performance_map"
    stream, _ = opening(**{flag: 1, name: performance_map})
    assert list(read_units(stream))[1].fields[name]["entries"] == []
    damaged = bytearray(stream)
    damaged[11] = 0
    with pytest.raises(NnrError) as caught:
        list(read_units(damaged))
    assert caught.value.id == "performance-map-count-zero"
    assert caught.value.place.element == f"{name}.{next(iter(performance_map))}"


def test_edition_2_flags_and_strings():
    stream, state = opening(
        1,
        base_model_id_present_flag=1,
        base_model_id="base é",
        validation_set_performance_present_flag=1,
        performance_metric_type="top-1",
        validation_set_performance=0.75,
        mps_parent_signalling_enabled_flag=1,
        nnr_pre_flag=1,
    )
    fields = list(read_units(stream))[1].fields
    assert (fields.base_model_id, fields.performance_metric_type) == ("base é", "top-1")
    assert (fields.validation_set_performance, fields.nnr_pre_flag) == (0.75, 1)
    assert fields.nnr_reserved_zero_1bit is None
    assert (state.profile, state.mps_parent_signalling_enabled_flag) == (1, 1)


def test_metric_type_is_present_for_the_performance_maps_alone():
    stream, _ = opening(1, metric_type_performance_map_valid_flag=1, performance_metric_type="mse")
    fields = list(read_units(stream))[1].fields
    assert (fields.performance_metric_type, fields.validation_set_performance) == ("mse", None)


@pytest.mark.parametrize("profile", [0, 1])
def test_optional_flags_of_a_parameter_set_default_to_0(profile):
    assert opening(profile)[0][4:].hex() == "0008068100400080"


def test_parameter_set_of_updates():
    assert opening(1, mps_parent_signalling_enabled_flag=1)[0][4:].hex() == "0008068108400080"


def test_without_quantization_method_there_is_no_density():
    stream, state = opening(
        mps_quantization_method_flags=4, mps_qp_density=None, mps_quantization_parameter=None
    )
    assert len(stream) == 4 + 6
    assert (state.qp_density, state.base_qp) == (None, 0)
    with pytest.raises(NnrError) as caught:
        ndu(state)
    assert caught.value.id == "qp-density-missing"
    integer = ndu(state, nnr_compressed_data_unit_payload_type=0, codebook_present_flag=None)
    assert len(list(read_units(stream + integer))) == 3


def test_layer_parameter_set_replaces_density_and_base_qp():
    stream, state = opening(mps_qp_density=2, mps_quantization_parameter=-7)
    assert (state.qp_density, state.base_qp) == (2, -7)
    lps = {
        "lps_self_contained_flag": 1,
        "lps_pruning_flag": 1,
        "lps_quantization_method_flags": 2,
        "lps_qp_density": 5,
        "lps_quantization_parameter": 100,
        "pruning_performance_map": {"ppm_count_pruning_ratios": 1, "entries": []},
    }
    stream += write_unit(UnitType.NNR_LPS, lps, b"", state)
    units = list(read_units(stream + ndu(state)))
    assert units[2].fields.lps_pruning_flag == 1
    assert (units[3].state.qp_density, units[3].state.base_qp) == (5, 100)


def test_layer_parameter_set_without_quantization_leaves_the_density():
    _, state = opening(mps_qp_density=3, mps_quantization_parameter=9)
    state = state.after(UnitType.NNR_LPS, {"lps_quantization_method_flags": 0})
    assert (state.qp_density, state.base_qp) == (3, 9)


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\0", b"a\0", b"\0\0\0", bytes(range(256)), b"x" * 40000]
)
@pytest.mark.parametrize(
    ("kind", "prefix"), [(UnitType.NNR_TPL, "topology"), (UnitType.NNR_QNT, "quantization")]
)
def test_byte_strings_carry_any_content(kind, prefix, content):
    stream, state = opening()
    fields = {
        f"{prefix}_storage_format": 3,
        f"{prefix}_compression_format": 1,
        f"{prefix}_data": content,
    }
    unit = write_unit(kind, fields, b"", state)
    assert unit.endswith(content + b"\0")
    parsed = list(read_units(stream + unit))[2]
    assert parsed.fields[f"{prefix}_data"] == content
    assert write_unit(kind, parsed.fields, parsed.payload, state) == unit


def test_empty_topology_is_the_well_known_six_bytes():
    _, state = opening()
    fields = {
        "topology_storage_format": 3,
        "topology_compression_format": 0,
        "topology_data": b"",
    }
    assert write_unit(UnitType.NNR_TPL, fields, b"", state).hex() == "00060e030000"


def test_byte_string_without_its_zero_byte_is_tolerated():
    stream, _ = opening()
    findings = []
    unit = list(read_units(stream + bytes.fromhex("00070e03006162"), findings=findings))[2]
    assert unit.fields.topology_data == b"ab"
    assert [error.id for error in findings] == ["byte-string-unterminated"]


def test_pruning_container_is_opaque():
    stream, state = opening()
    fields = {"topology_storage_format": 5, "topology_compression_format": 0}
    unit = write_unit(UnitType.NNR_TPL, fields, b"\1\2\3", state)
    parsed = list(read_units(stream + unit))[2]
    assert (bytes(parsed.payload), parsed.fields.topology_data) == (b"\1\2\3", None)


def test_reference_list_names_indexed_tensors():
    stream, state = opening(mps_topology_indexed_reference_flag=1)
    fields = {
        "topology_storage_format": 6,
        "topology_compression_format": 0,
        "count_topology_elements_minus2": 1,
        "topology_elem_id_list": ["a", "b", "c"],
    }
    stream += write_unit(UnitType.NNR_TPL, fields, b"", state)
    state = state.after(UnitType.NNR_TPL, fields)
    assert state.reference_list == ("a", "b", "c")
    stream += ndu(state, topology_elem_id=None, topology_elem_id_index=2)
    unit = list(read_units(stream))[-1]
    assert (unit.fields.topology_elem_id_index, unit.fields.topology_elem_id) == (2, None)
    with pytest.raises(NnrError) as caught:
        ndu(state, topology_elem_id=None, topology_elem_id_index=3)
    assert caught.value.id == "topology-index-range"
    repeated = ndu(state, topology_elem_id=None, topology_elem_id_index=2)
    with pytest.raises(NnrError) as caught:
        list(read_units(stream + repeated))
    assert caught.value.id == "tensor-name-duplicate"


def test_reserved_topology_format_is_read_with_a_finding():
    stream, _ = opening()
    findings = []
    list(read_units(stream + bytes.fromhex("00060e070000"), findings=findings))
    assert [error.id for error in findings] == ["topology-format-reserved"]
    assert findings[0].place.unit == 2
    assert (
        list(read_units(stream + bytes.fromhex("00060e800000")))[2].fields[
            "topology_storage_format"
        ]
        == 128
    )
