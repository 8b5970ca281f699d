"""Clause 7: enumerations of the high-level syntax. Reserved ranges are stated in clause 13.2."""

from enum import IntEnum, IntFlag


class UnitType(IntEnum):
    """Clause 7.1.2: nnr_unit_type, u(6). 7..31 are reserved, 32..63 private (clause 14)."""

    NNR_STR = 0
    NNR_MPS = 1
    NNR_LPS = 2
    NNR_TPL = 3
    NNR_QNT = 4
    NNR_NDU = 5
    NNR_AGG = 6


class PayloadType(IntEnum):
    """Clause 7.8.1: nnr_compressed_data_unit_payload_type, u(5). 4..31 are reserved."""

    NNR_PT_INT = 0
    NNR_PT_FLOAT = 1
    NNR_PT_RAW_FLOAT = 2
    NNR_PT_BLOCK = 3


class CompressedParameterTypes(IntFlag):
    """Clause 7.8.5: compressed_parameter_types, u(4) bit mask."""

    NNR_CPT_DC = 1
    NNR_CPT_LS = 2
    NNR_CPT_BN = 4
    NNR_CPT_BI = 8


class QuantizationMethodFlags(IntFlag):
    """Clause 7.3.2: mps/lps_quantization_method_flags, u(3) bit mask. 4 is reserved."""

    NNR_QSU = 1
    NNR_QCB = 2


class TopologyStorageFormat(IntEnum):
    """Clause 7.6: topology_storage_format, u(8). 7..127 reserved, 128..255 private."""

    NNR_TPL_UNREC = 0
    NNR_TPL_NNEF = 1
    NNR_TPL_ONNX = 2
    NNR_TPL_PYT = 3
    NNR_TPL_TEF = 4
    NNR_TPL_PRUN = 5
    NNR_TPL_REFLIST = 6


class TopologyCompressionFormat(IntEnum):
    """Clause 7.6: topology_compression_format, u(8). The rest is reserved."""

    NNR_PT_RAW = 0
    NNR_DFL = 1


class DecompressedDataFormat(IntEnum):
    """Clause 7.8.4: nnr_decompressed_data_format, u(7). 10..63 reserved, 64..127 private."""

    TENSOR_INT32 = 0
    TENSOR_FLOAT32 = 1
    TENSOR_INT2 = 2
    TENSOR_INT3 = 3
    TENSOR_INT4 = 4
    TENSOR_INT8 = 5
    TENSOR_INT16 = 6
    TENSOR_INT64 = 7
    TENSOR_FLOAT16 = 8
    TENSOR_FLOAT64 = 9


class ParentNodeIdType(IntEnum):
    """Clause 7.8.3: parent_node_id_type, u(2). 3 is reserved."""

    ICNN_NDU_ID = 0
    ICNN_NDU_PL_SHA256 = 1
    ICNN_NDU_PL_SHA512 = 2


class PruningRepresentation(IntEnum):
    """Clause 7.6: nnr_rep_type of the pruning topology container."""

    NNR_TPL_BMSK = 0
    NNR_TPL_DICT = 1


class Method(IntEnum):
    """Clause 14.2.2: method_idc, u(8): clause 15.n states method n. The rest is reserved."""

    LNQ = 1
    """Local non-linear quantization (clause 15.1)."""
    VIDEO = 2
    """Weights as pictures of a video codec."""
    LOW_RANK_KERNELS = 3
    """Convolutions as pairs of one-dimensional ones."""
    HIERARCHICAL = 4
    """Pruning, weight sharing and dynamic fixed point."""
    TEMPLATES = 5
    """Kernels as scaled and shifted templates."""
    DEEP_COMPRESSION = 6
    """Pruning, shared weights and Huffman codes."""

    @property
    def has_codeword(self) -> bool:
        """Whether the payload is one arithmetic codeword."""
        return self is not Method.VIDEO


class Dialect(IntEnum):
    """Annex A: which published implementation's payload rules are followed.

    `Dialect("nncodec-1.0")` and `Dialect("nncodec-2.x")`, the names of the command line, work too.
    """

    NNCODEC_2 = 0
    """31 remainder shift ids; range forcing only with more than one block row."""
    NNCODEC_1 = 1
    """32 remainder shift ids; range forcing at the first weight whenever scan_order > 0."""

    @property
    def label(self) -> str:
        """The dialect's name on the command line."""
        return ("nncodec-2.x", "nncodec-1.0")[self]

    @classmethod
    def _missing_(cls, value: object) -> "Dialect | None":
        return next((dialect for dialect in cls if dialect.label == value), None)
