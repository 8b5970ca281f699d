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
        return self not in (Method.VIDEO, Method.DEEP_COMPRESSION)


class LnqMode(IntEnum):
    """Clause 15.1.1: lnq_mode, u(2). 2 and 3 are reserved."""

    CLASSES = 0
    """Classes of units with contexts and reconstruction offsets of their own."""
    PUBLISHED = 1
    """Units with a codebook of their own."""


class HierarchicalMode(IntEnum):
    """Clause 15.4.1: hier_mode, u(2): the stages after pruning. 3 is reserved."""

    SHARED_FLOAT = 0
    """Grouping alone: every weight is one of a few binary32 numbers."""
    FIXED_POINT = 1
    """Fixed point alone: every weight is an integer times a power of two."""
    SHARED_FIXED_POINT = 2
    """Both: every weight is one of a few fixed-point numbers."""


class LuType(IntEnum):
    """Clause 15.1.2: lnq_lu_type, u(3): the shape of an LNQ unit."""

    BY_LAYER = 0
    """A block in fully connected layers, a filter in 2-D convolutions."""
    BLOCK = 1
    """8 rows, 8 columns."""
    KERNEL = 2
    """One row, the columns of one input channel."""
    FILTER = 3
    """One row, all columns."""
    ROWS = 4
    """lnq_lu_height rows, all columns."""
    COLUMNS = 5
    """All rows, lnq_lu_width columns."""
    TENSOR = 6
    """All rows, all columns."""
    SIZE = 7
    """lnq_lu_height rows, lnq_lu_width columns."""


class LayerType(IntEnum):
    """Clause 14.2.2: the kind of layer that a weight belongs to, by its dimensions."""

    OTHER = 0
    FULLY_CONNECTED = 1
    CONVOLUTION = 2
    POINT_OR_DEPTH_WISE = 3


class LnqGroupOrder(IntEnum):
    """Clause 15.1.4: lnq_group_order, u(2): the order of the weights in the codeword."""

    GROUPS = 0
    """The LNQ units, then the others, unit by unit."""
    GROUPS_RASTER = 1
    """The LNQ units, unit by unit, then the weights of the others row by row."""
    UNITS = 2
    """All units as they follow each other."""
    RASTER = 3
    """All weights row by row."""


class LnqContextMode(IntEnum):
    """Clause 15.1.4: lnq_context_mode, u(2): the contexts of symbols. 3 is reserved."""

    OWN = 0
    """A context set of their own."""
    SHARED = 1
    """The set of the levels."""
    RESET = 2
    """The set of the levels, which starts afresh between the groups."""


class LnqCentroidMode(IntEnum):
    """Clause 15.1.5: lnq_centroid_mode, u(2): how codebooks are coded. 3 is reserved."""

    DIRECT = 0
    """By their values."""
    PREDICTED = 1
    """As differences to the codebook before."""
    DICTIONARY = 2
    """As indices of a list in the header."""


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
