"""Clauses 6.3 to 6.8: the units that say how the following ones are decoded."""

from dataclasses import dataclass, field
from typing import NamedTuple

from nnref.spec.process.bits import BitReader
from nnref.spec.tables.enums import QuantizationMethodFlags, TopologyStorageFormat


class QuantizationParameters(NamedTuple):
    """Clause 7.3.2: Quantization parameters. What a parameter set says about them."""

    qp_density: int
    base: int


@dataclass(slots=True)
class ActiveParameters:
    """Clause 11: Parameter sets and activation. What the units read so far have set."""

    general_profile_idc: int = 0
    mps_present: bool = False
    mps_topology_indexed_reference_flag: int = 0
    mps_parent_signalling_enabled_flag: int = 0
    mps_quantization: QuantizationParameters | None = None
    lps_quantization: QuantizationParameters | None = None
    reference_list: list[str] = field(default_factory=list)

    @property
    def edition_2(self) -> bool:
        """Clause 8.1: Profiles. True for profile 1; all other values are read like 0."""
        return self.general_profile_idc == 1

    @property
    def quantization(self) -> QuantizationParameters | None:
        """Clause 11: Parameter sets and activation. Those of the last layer parameter set; if it
        has none, those of the model parameter set.
        """
        return self.lps_quantization or self.mps_quantization


def start_unit(bits: BitReader) -> ActiveParameters:
    """Clause 6.3: Start unit (NNR_STR)."""
    general_profile_idc = bits.u(8, "general_profile_idc")
    if general_profile_idc > 1:
        bits.findings.append(bits.refused("profile-reserved", f"profile {general_profile_idc}"))
    return ActiveParameters(general_profile_idc)


def model_parameter_set(bits: BitReader, active: ActiveParameters) -> None:
    """Clause 6.4: Model parameter set (NNR_MPS)."""
    active.mps_present = True
    validation_set_performance_present_flag = 0
    bits.u(1, "topology_carriage_flag")
    mps_sparsification_flag = bits.u(1, "mps_sparsification_flag")
    mps_pruning_flag = bits.u(1, "mps_pruning_flag")
    mps_unification_flag = bits.u(1, "mps_unification_flag")
    mps_decomposition_flag = bits.u(1, "mps_decomposition_performance_map_flag")
    mps_quantization_method_flags = bits.u(3, "mps_quantization_method_flags")
    active.mps_topology_indexed_reference_flag = bits.u(1, "mps_topology_indexed_reference_flag")
    if active.edition_2:
        validation_set_performance_present_flag = edition_2_flags(bits, active)
    else:
        bits.reserved(7, "nnr_reserved_zero_7bits")
    active.mps_quantization = quantization_parameters(bits, mps_quantization_method_flags, "mps")
    if mps_sparsification_flag == 1:
        sparsification_performance_map(bits)
    if mps_pruning_flag == 1:
        pruning_performance_map(bits)
    if mps_unification_flag == 1:
        unification_performance_map(bits)
    if mps_decomposition_flag == 1:
        decomposition_performance_map(bits)
    if validation_set_performance_present_flag == 1:
        bits.flt("validation_set_performance")
    bits.byte_alignment()


def edition_2_flags(bits: BitReader, active: ActiveParameters) -> int:
    """Clause 6.4: Model parameter set (NNR_MPS). The flags that profile 1 has in place of the
    reserved bits; returns validation_set_performance_present_flag.
    """
    base_model_id_present_flag = bits.u(1, "base_model_id_present_flag")
    performance_present = bits.u(1, "validation_set_performance_present_flag")
    metric_type_valid = bits.u(1, "metric_type_performance_map_valid_flag")
    active.mps_parent_signalling_enabled_flag = bits.u(1, "mps_parent_signalling_enabled_flag")
    if active.mps_parent_signalling_enabled_flag == 1:
        bits.u(1, "nnr_pre_flag")
    else:
        bits.reserved(1, "nnr_reserved_zero_1bit")
    bits.reserved(2, "nnr_reserved_zero_2bits")
    if base_model_id_present_flag == 1:
        bits.st("base_model_id")
    if performance_present == 1 or metric_type_valid == 1:
        bits.st("performance_metric_type")
    return performance_present


def quantization_parameters(
    bits: BitReader, method_flags: int, prefix: str
) -> QuantizationParameters | None:
    """Clause 7.3.2: Quantization parameters. None when the set carries none."""
    if method_flags & (QuantizationMethodFlags.NNR_QSU | QuantizationMethodFlags.NNR_QCB) == 0:
        return None
    qp_density = bits.u(3, f"{prefix}_qp_density")
    return QuantizationParameters(qp_density, bits.i(13, f"{prefix}_quantization_parameter"))


def performance_map_entries(bits: BitReader, path: str) -> range:
    """Clause 7.4: Performance map semantics. A count of N announces N - 1 entries."""
    count = bits.u(8, path)
    if count == 0:
        raise bits.refused("performance-map-count-zero", path)
    return range(count - 1)


def one_less(bits: BitReader, count: int, path: str) -> range:
    """Clause 7.4: Performance map semantics. The same for a count inside an entry."""
    if count == 0:
        raise bits.refused("count-field-zero", path)
    return range(count - 1)


def class_accuracies(bits: BitReader, count: int, path: str) -> None:
    """Clause 7.4: Performance map semantics. One number per class ends every entry."""
    for j in range(count):
        bits.flt(f"{path}[{j}]")


def sparsification_performance_map(bits: BitReader) -> None:
    """Clause 6.5.1: Sparsification performance map."""
    name = "sparsification_performance_map"
    for i in performance_map_entries(bits, f"{name}.spm_count_thresholds"):
        entry = f"{name}.entries[{i}]"
        bits.flt(f"{entry}.sparsification_threshold")
        bits.flt(f"{entry}.non_zero_ratio")
        bits.flt(f"{entry}.spm_nn_accuracy")
        spm_count_classes = bits.u(8, f"{entry}.spm_count_classes")
        bits.ue(7, f"{entry}.spm_class_bitmask")
        class_accuracies(bits, spm_count_classes, f"{entry}.spm_nn_class_accuracy")


def pruning_performance_map(bits: BitReader) -> None:
    """Clause 6.5.2: Pruning performance map."""
    name = "pruning_performance_map"
    for i in performance_map_entries(bits, f"{name}.ppm_count_pruning_ratios"):
        entry = f"{name}.entries[{i}]"
        bits.flt(f"{entry}.pruning_ratio")
        bits.flt(f"{entry}.ppm_nn_accuracy")
        ppm_count_classes = bits.u(8, f"{entry}.ppm_count_classes")
        bits.ue(7, f"{entry}.ppm_class_bitmask")
        class_accuracies(bits, ppm_count_classes, f"{entry}.ppm_nn_class_accuracy")


def unification_performance_map(bits: BitReader) -> None:
    """Clause 6.5.3: Unification performance map."""
    name = "unification_performance_map"
    for i in performance_map_entries(bits, f"{name}.upm_count_thresholds"):
        entry = f"{name}.entries[{i}]"
        path = f"{entry}.count_reshaped_tensor_dimension"
        for j in one_less(bits, bits.ue(1, path), path):
            bits.ue(7, f"{entry}.reshaped_tensor_dimensions[{j}]")
        bits.byte_alignment(f"{entry}.")
        path = f"{entry}.count_super_block_dimension"
        for j in one_less(bits, bits.u(8, path), path):
            bits.u(8, f"{entry}.super_block_dimensions[{j}]")
        path = f"{entry}.count_block_dimension"
        for j in one_less(bits, bits.u(8, path), path):
            bits.u(8, f"{entry}.block_dimensions[{j}]")
        bits.flt(f"{entry}.unification_threshold")
        bits.flt(f"{entry}.upm_nn_accuracy")
        upm_count_classes = bits.u(8, f"{entry}.upm_count_classes")
        bits.ue(7, f"{entry}.upm_class_bitmask")
        class_accuracies(bits, upm_count_classes, f"{entry}.upm_nn_class_accuracy")


def decomposition_performance_map(bits: BitReader) -> None:
    """Clause 6.5.4: Decomposition performance map."""
    name = "decomposition_performance_map"
    for i in performance_map_entries(bits, f"{name}.dpm_count_thresholds"):
        entry = f"{name}.entries[{i}]"
        bits.flt(f"{entry}.mse_threshold")
        bits.flt(f"{entry}.dpm_nn_accuracy")
        bits.flt(f"{entry}.nn_reduction_ratio")
        dpm_count_classes = bits.u(16, f"{entry}.dpm_count_classes")
        class_accuracies(bits, dpm_count_classes, f"{entry}.dpm_nn_class_accuracy")


def layer_parameter_set(bits: BitReader, active: ActiveParameters) -> None:
    """Clause 6.6: Layer parameter set (NNR_LPS). In force until the next one."""
    bits.u(1, "lps_self_contained_flag")
    bits.reserved(7, "nnr_reserved_zero_7bits")
    bits.reserved(1, "nnr_reserved_zero_1_bits")
    lps_sparsification_flag = bits.u(1, "lps_sparsification_flag")
    lps_pruning_flag = bits.u(1, "lps_pruning_flag")
    lps_unification_flag = bits.u(1, "lps_unification_flag")
    lps_quantization_method_flags = bits.u(3, "lps_quantization_method_flags")
    bits.reserved(1, "nnr_reserved_zero_1bit")
    active.lps_quantization = quantization_parameters(bits, lps_quantization_method_flags, "lps")
    if lps_sparsification_flag == 1:
        sparsification_performance_map(bits)
    if lps_pruning_flag == 1:
        pruning_performance_map(bits)
    if lps_unification_flag == 1:
        unification_performance_map(bits)
    bits.byte_alignment()


def topology_unit(bits: BitReader, active: ActiveParameters) -> None:
    """Clause 6.7: Topology unit (NNR_TPL). Only a reference list has a part in decoding."""
    topology_storage_format = bits.u(8, "topology_storage_format")
    if TopologyStorageFormat.NNR_TPL_REFLIST < topology_storage_format < 128:
        detail = f"format {topology_storage_format}"
        bits.findings.append(bits.refused("topology-format-reserved", detail))
    bits.u(8, "topology_compression_format")
    if topology_storage_format == TopologyStorageFormat.NNR_TPL_REFLIST:
        active.reference_list = topology_elements_ids_list(bits)
    elif topology_storage_format == TopologyStorageFormat.NNR_TPL_PRUN:
        bits.rest()
    else:
        bits.bs("topology_data")


def topology_elements_ids_list(bits: BitReader) -> list[str]:
    """Clause 6.9.1: Topology element references. A list of at least two names."""
    count = bits.ue(7, "count_topology_elements_minus2") + 2
    bits.byte_alignment()
    return [bits.st(f"topology_elem_id_list[{j}]") for j in range(count)]


def quantization_unit(bits: BitReader) -> None:
    """Clause 6.8: Quantization unit (NNR_QNT). Has no part in decoding."""
    bits.u(8, "quantization_storage_format")
    bits.u(8, "quantization_compression_format")
    bits.bs("quantization_data")
