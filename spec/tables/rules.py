"""The rules a stream must obey, as data: one stable id each.

An error names the rule that was broken; the rule's kind decides the exception class
(`nnref.spec.errors`). Ids are never renamed or reused: tests, the conformance suite and other
programs depend on them. Texts may be improved.
"""

from dataclasses import dataclass
from typing import Final

MALFORMED: Final = "malformed"
"""The bits cannot be parsed: something ends too early, or cannot be what its descriptor says."""
INVALID: Final = "invalid"
"""The bits parse, but a value or a combination of values is not allowed."""
UNSUPPORTED: Final = "unsupported"
"""Allowed by the syntax, but its decoding is not defined, or not available, here."""
LIMIT: Final = "limit"
"""Larger than the configured limits (clause 8.3); not a statement about validity."""
INTEGRITY: Final = "integrity"
"""Parses and obeys all rules, but a checksum, hash or comparison failed."""
USAGE: Final = "usage"
"""The caller asked for something that cannot be done; no stream is at fault."""
FILE: Final = "file"
"""A file could not be read or written, or is not what its name says."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `text` states it as an obligation, `hint` says what to do or type next."""

    id: str
    kind: str
    clause: str
    text: str
    hint: str = ""
    tolerated: bool = False
    """True: a decoder goes on and reports a finding; only strict reading raises."""


def _table(*rules: Rule) -> dict[str, Rule]:
    table = {rule.id: rule for rule in rules}
    if len(table) != len(rules):
        raise ValueError("a rule id is used twice")
    return table


_TRACE = "nnref inspect IN.nnr shows the elements up to this point"
_BINS = "nnref trace IN.nnr --tensor NAME --bins shows every bin up to this point"
_DAMAGED = (
    f"the payload is damaged, or was written by another dialect: try --dialect nncodec-1.0; {_BINS}"
)

STREAM_RULES: Final = _table(
    # Units, clause 6.1 and 7.1
    Rule("unit-truncated", MALFORMED, "7.1.1", "nnr_unit_size bytes are present", "the file was cut or is longer than its last unit; compare its size with the sender's"),
    Rule("unit-size-too-small", MALFORMED, "7.1.1", "nnr_unit_size covers its own field and the unit header", _TRACE),
    Rule("unit-element-truncated", MALFORMED, "7.1.1", "every syntax element lies inside its unit", _TRACE),
    Rule("unit-size-mismatch", MALFORMED, "7.1.1", "the unit ends exactly where parsing ends", _TRACE),
    Rule("stream-empty", MALFORMED, "8.2", "a stream holds at least a start unit"),
    # Descriptors, clause 5
    Rule("exp-golomb-too-long", MALFORMED, "5.3", "an Exp-Golomb code has at most 32 leading zeros"),
    Rule("string-unterminated", MALFORMED, "5.6", "a string ends with a zero byte inside its unit"),
    Rule("string-not-utf8", MALFORMED, "5.6", "a string is valid UTF-8"),
    Rule("string-not-aligned", MALFORMED, "5.6", "a string starts on a byte boundary"),
    Rule("byte-string-unterminated", INVALID, "5.7", "a byte string ends with a zero byte, which is not part of it", tolerated=True),
    Rule("alignment-bit-not-one", INVALID, "5.8", "the first bit of byte_alignment() is 1", tolerated=True),
    Rule("alignment-bits-not-zero", INVALID, "5.8", "the bits after the first of byte_alignment() are 0", tolerated=True),
    # Order of units, clause 8.2
    Rule("start-unit-missing", INVALID, "8.2", "the first unit is a start unit"),
    Rule("start-unit-repeated", INVALID, "8.2", "there is exactly one start unit"),
    Rule("mps-missing", INVALID, "8.2", "a model parameter set comes before the units that need one"),
    Rule("mps-repeated", INVALID, "8.2", "there is at most one model parameter set"),
    Rule("partial-data-parts", INVALID, "8.2.1", "the parts of split data follow each other with the same header, and partial_data_counter falls by one to 0", _TRACE),
    Rule("tensor-name-duplicate", INVALID, "8.2", "a tensor name occurs once in a stream"),
    # Values, clause 7
    Rule("reserved-bits-nonzero", INVALID, "13.2", "reserved zero bits are 0", tolerated=True),
    Rule("profile-reserved", UNSUPPORTED, "8.1", "general_profile_idc is 0 or 1", tolerated=True),
    Rule("payload-type-reserved", UNSUPPORTED, "7.8.1", "nnr_compressed_data_unit_payload_type is 0..3"),
    Rule("data-format-reserved", UNSUPPORTED, "7.8.4", "nnr_decompressed_data_format is 0..9 or registered in clause 14.1"),
    Rule("data-format-conflict", INVALID, "10.7", "the decompressed data format fits the payload type and the tensor's shape"),
    Rule("topology-deflate", MALFORMED, "7.6", "topology data of compression format NNR_DFL is one zlib stream"),
    Rule("topology-compression-reserved", UNSUPPORTED, "7.6", "topology_compression_format is 0 or 1 where the topology is to be unpacked"),
    Rule("topology-content", INVALID, "14.3", "topology data of format 128 is the header of a safetensors file", tolerated=True),
    Rule("topology-format-reserved", UNSUPPORTED, "7.6", "topology_storage_format is 0..6 or private", tolerated=True),
    Rule("scan-order-reserved", UNSUPPORTED, "7.8.8", "scan_order is 0..4"),
    Rule("parent-node-id-type-reserved", UNSUPPORTED, "7.8.3", "parent_node_id_type is 0..2"),
    Rule("performance-map-count-zero", INVALID, "7.4", "the count field of a performance map is at least 1"),
    Rule("count-field-zero", INVALID, "7.4", "a count field that announces one entry less than its value is at least 1"),
    Rule("qp-density-missing", INVALID, "7.3.2", "a quantized tensor has a qp density from a parameter set"),
    Rule("tensor-dimension-zero-columns", INVALID, "7.8.6", "entry points need a tensor with weights"),
    Rule("codebook-empty", INVALID, "7.8.7", "codebook_size is at least 1"),
    Rule("codebook-zero-offset-range", INVALID, "7.8.7", "CbZeroOffset lies inside the codebook"),
    Rule("codebook-value-overflow", INVALID, "7.8.7", "codebook values fit 32 bits, two's complement"),
    Rule("dq-with-codebook", INVALID, "7.8.7", "dq_flag is 0 when a codebook is present"),
    Rule("dq-with-integer-payload", INVALID, "7.8.1", "dq_flag is 0 for NNR_PT_INT"),
    Rule("dimensions-unknown", UNSUPPORTED, "7.8.6", "the tensor's dimensions are in the stream or given by the caller", "give them: --out-of-band FILE, in Python decode(..., out_of_band={name: OutOfBand([2, 3])})"),
    Rule("block-element-count", INVALID, "7.8.5", "a block names as many elements as its compressed_parameter_types imply"),
    Rule("block-single-element", INVALID, "7.8.5", "NNR_PT_BLOCK has nnr_multiple_topology_elements_present_flag 1"),
    Rule("decomposition-rows", INVALID, "7.8.6", "g_number_of_rows and decomposition_rank are at least 1, and g_number_of_rows divides the weight's size"),
    Rule("topology-index-range", INVALID, "7.8.2", "a topology element index lies inside the reference list"),
    Rule("local-scaling-rows", INVALID, "10.6", "local scaling has one factor for each row of the tensor that it is multiplied into", "hand out the factors as they are: --as-coded"),
    Rule("tensor-split-undefined", UNSUPPORTED, "7.8.2", "several topology elements occur only in NNR_PT_BLOCK"),
    Rule("aggregate-undefined", UNSUPPORTED, "7.9", "aggregate units are read only as opaque bytes", "decode the tensors of other units: --skip-aggregates"),
    Rule("dimension-shift-range", INVALID, "7.8.6", "first_tensor_dimension_shift is less than the number of dimensions"),
    # Payload, clause 9
    Rule("payload-too-short", MALFORMED, "9.3.1", "a payload holds at least the two bytes the decoder starts with", _TRACE),
    Rule("payload-offset-range", MALFORMED, "9.3.1", "the offset is less than the range, at the start and where the range is set to 256", f"the payload is damaged; {_BINS}"),
    Rule("payload-truncated", MALFORMED, "9.3.5", "the arithmetic codeword ends inside its payload", _DAMAGED),
    Rule("payload-trailing-bytes", MALFORMED, "9.3.5", "the unit ends with the arithmetic codeword", _DAMAGED),
    Rule("payload-terminate-bin", MALFORMED, "9.3.4", "the codeword ends with a terminate bin of value 1", _DAMAGED),
    Rule("payload-stop-bit", INVALID, "9.3.5", "after the terminate bin come a 1 bit and zero bits up to the byte boundary", _BINS, tolerated=True),
    Rule("payload-size-raw", MALFORMED, "10.5", "a raw payload holds 4 bytes per weight", _TRACE),
    Rule("remainder-prefix-too-long", MALFORMED, "9.5.4", "an abs_remainder prefix has at most 31 bins", _DAMAGED),
    Rule("codebook-index-range", INVALID, "9.5.3", "a level plus CbZeroOffset is an index of the codebook", _BINS),
    Rule("level-overflow", INVALID, "9.5", "a level and its quantized parameter fit 32 bits, two's complement", _DAMAGED),
    Rule("payload-bound", MALFORMED, "8.3.1", "a payload of this size can hold as many weights as the header declares", _TRACE),
    Rule("entry-point-mismatch", INVALID, "9.6.4", "an entry point equals the coder's state at its block row", _BINS),
    # Updates, clause 12
    Rule("base-missing", INVALID, "12.2", "temporal contexts need the stored state of the parent", "name the streams before it, the oldest first: --base BASE.nnr"),
    Rule("update-mismatch", INVALID, "12.6", "an update has the shape of the tensor it is added to, and holds integers where that does", "check that the streams are in order and of one model"),
    Rule("parent-mismatch", INTEGRITY, "12.1", "the parent named by a unit is the stored one", "check that the streams are in order, none is missing, and they are of one model"),
    Rule("base-model-mismatch", INTEGRITY, "12.7", "a base_model_id that is a hash is that of the streams the update is added to", "give the streams it was made for, the oldest first; check --semantics"),
    # Private units, clause 14.2
    Rule("index-mismatch", INVALID, "14.2.1", "an index says of every unit before it what that unit is", "the stream was changed after it was indexed; decoding does not need the index", tolerated=True),
    Rule("method-unknown", UNSUPPORTED, "14.2.2", "method_idc names a method of clause 15 that this decoder has", "the stream was written by a newer encoder, or with another program's methods: decode it there"),
    # Methods, clause 15
    Rule("lnq-mode-reserved", UNSUPPORTED, "15.1.1", "lnq_mode is 0 or 1, lnq_fraction_bits 0..4, lnq_context_mode 0..2, lnq_centroid_mode 0..2"),
    Rule("lnq-lu-size", INVALID, "15.1.2", "an LNQ unit has at least one row and one column"),
    Rule("lnq-layer-type", INVALID, "15.1.2", "units by layer type are those of fully connected layers and 2-D convolutions", "other layers have lnq_layer_flag 0, or another lnq_lu_type"),
    Rule("lnq-offset-overflow", INVALID, "15.1.3", "reconstruction offsets fit 32 bits, two's complement"),
    Rule("lnq-levels-range", INVALID, "15.1.5", "lnq_levels is 2..8, and no codebook has more levels than it"),
    Rule("lnq-context-mode", INVALID, "15.1.4", "lnq_context_mode is 2 only where lnq_group_order is 0 or 1"),
    Rule("lnq-centroid-overflow", INVALID, "15.1.5", "centroids fit 32 bits, two's complement"),
    Rule("lnq-centroid-order", INVALID, "15.1.5", "the centroids of a codebook increase strictly"),
    Rule("lnq-dictionary-range", INVALID, "15.1.5", "lnq_dictionary_idx is an index of the dictionary"),
    Rule("lnq-code-too-long", MALFORMED, "15.1.5", "an Exp-Golomb code inside a codeword has at most 31 ones in front"),
    Rule("lnq-value-overflow", INVALID, "15.1.7", "the integer that is multiplied by the step fits 32 bits, two's complement"),
    Rule("video-depth-reserved", UNSUPPORTED, "15.2.1", "video_bit_depth_idc is 0..2"),
    Rule("video-picture-size", INVALID, "15.2.1", "a picture has 16 to 8192 samples in each direction, and at most 131072 more than the tensor has weights"),
    Rule("video-tile", INVALID, "15.2.1", "a tile is no larger than the picture"),
    Rule("video-chroma-size", INVALID, "15.2.1", "a picture with chroma has an even number of samples in each direction"),
    Rule("video-scale", INVALID, "15.2.1", "scales are finite"),
    Rule("video-base", INVALID, "15.2.4", "pictures of the tensor are stored, of the size, depth and chroma format of the header", "name the streams before it, the oldest first: --base BASE.nnr"),
    Rule("video-decoder-missing", UNSUPPORTED, "15.2.2", "a decoder of ISO/IEC 23008-2 is installed", "pip install 'nnref[video]' installs PyAV, which brings FFmpeg"),
    Rule("video-undecodable", MALFORMED, "15.2.2", "the payload is a byte stream of ISO/IEC 23008-2", "nnref inspect STREAM --payload TENSOR > FILE.hevc writes it to a file for another HEVC decoder"),
    Rule("video-picture", INVALID, "15.2.2", "the payload has the pictures that the weights need, of the size, depth and chroma format of the header"),
    Rule("kernel-dimensions", INVALID, "15.3.1", "low-rank kernels are those of a weight of four dimensions"),
    Rule("kernel-rank", INVALID, "15.3.1", "a product of factors has at least as many rows, and as many columns, as its rank"),
    Rule("hierarchical-mode-reserved", UNSUPPORTED, "15.4.1", "hier_mode is 0..2"),
    Rule("hierarchical-width", INVALID, "15.4.1", "fixed-point integers have 1..24 bits"),
    Rule("hierarchical-fraction-length", INVALID, "15.4.1", "a fraction length is -104..127"),
    Rule("hierarchical-zero-index", INVALID, "15.4.1", "hier_zero_index is an index of the centroids"),
    Rule("hierarchical-centroid-finite", INVALID, "15.4.1", "centroids are finite numbers"),
    Rule("hierarchical-centroid-range", INVALID, "15.4.2", "centroids fit their bits, two's complement", _TRACE),
    Rule("template-size", INVALID, "15.5.1", "a row of the matrix view is a whole number of kernels"),
    Rule("template-count", INVALID, "15.5.1", "a tensor has at least as many kernels as templates"),
    Rule("deep-gap-bits", INVALID, "15.6.1", "deep_gap_bits is 0..8"),
    Rule("deep-centroid-finite", INVALID, "15.6.1", "centroids are finite numbers"),
    Rule("deep-code-lengths", INVALID, "15.6.2", "code words fill the code space, or there is a single one, of length 1", _TRACE),
    Rule("deep-code-word", MALFORMED, "15.6.2", "the bits of a payload are code words: of a code with a single word they are 0", _TRACE),
    Rule("deep-payload-bound", MALFORMED, "15.6.3", "a tensor has at most 2^deep_gap_bits weights for every bit of its payload", _TRACE),
    Rule("deep-entry-position", INVALID, "15.6.3", "every entry is a weight of the tensor", _TRACE),
    Rule("deep-payload-end", MALFORMED, "15.6.3", "behind the last entry there are less than 8 bits, all of them 0", _TRACE),
    # Limits, clause 8.3
    Rule("limit-tensor-elements", LIMIT, "8.3", "a tensor has at most max_tensor_elements weights", "raise it: --limit max_tensor_elements=N"),
    Rule("limit-total-bytes", LIMIT, "8.3", "all decoded tensors together have at most max_total_bytes bytes", "raise it: --limit max_total_bytes=N"),
    Rule("limit-dimensions", LIMIT, "8.3", "a tensor has at most max_dimensions dimensions", "raise it: --limit max_dimensions=N"),
    Rule("limit-dimension", LIMIT, "8.3", "a dimension is less than 2^31", ""),
    Rule("limit-name-bytes", LIMIT, "8.3", "a string has at most max_string_bytes bytes", "raise it: --limit max_string_bytes=N"),
    Rule("limit-units", LIMIT, "8.3", "a stream has at most max_units units", "raise it: --limit max_units=N"),
    Rule("limit-topology-bytes", LIMIT, "8.3", "a topology has at most max_topology_bytes bytes when it is unpacked", "raise it: --limit max_topology_bytes=N"),
    Rule("limit-list-entries", LIMIT, "8.3", "a list in a header has at most max_list_entries entries", "raise it: --limit max_list_entries=N"),
)  # fmt: skip
"""Rules about streams: what a decoder can find wrong."""

CALLER_RULES: Final = _table(
    Rule("usage", USAGE, "8", "the command line is one that nnref --help describes"),
    Rule("element-value", USAGE, "5", "the descriptor of an element can hold its value"),
    Rule("element-missing", USAGE, "6", "every element that the syntax has here is given"),
    Rule("element-not-present", USAGE, "6", "an element that the syntax does not have here is not given, or has its inferred value"),
    Rule("element-unknown", USAGE, "6", "the given elements are elements of the unit"),
    Rule("element-count", USAGE, "6", "a list has as many entries as the syntax counts"),
    Rule("input-type", USAGE, "8", "a model is a mapping of names to arrays or the path of a file, a stream is bytes or the path of a file", "of a torch module, give module.state_dict()"),
    Rule("tensor-not-finite", USAGE, "10.2", "a quantized tensor holds neither NaN nor infinity", "code such tensors raw: --non-finite raw"),
    Rule("tensor-dtype-unsupported", USAGE, "10.7", "the tensor's data type has a coded form"),
    Rule("tensor-name-unsupported", USAGE, "5.6", "a name is UTF-8 without a NUL character, no longer than the format and a decoder's default limits allow"),
    Rule("tensor-too-large", USAGE, "8.3", "a unit has at most 2^31 - 1 bytes"),
    Rule("tensor-out-of-range", USAGE, "10.2", "values lie inside the range of binary32, quantized parameters inside 32 bits", "choose a larger step, or carry such tensors as they are: --out-of-reach raw"),
    Rule("qp-out-of-range", USAGE, "7.3.2", "qp - base fits 6 + qp_density bits, two's complement"),
    Rule("step-out-of-range", USAGE, "10.1", "the step is positive, finite and reachable by a qp", "choose another step, or carry such tensors as they are: --out-of-reach raw, or lossless = true in a --rules file"),
    Rule("setting-unknown", USAGE, "8", "a setting has a known name and a value of its type"),
    Rule("setting-conflict", USAGE, "8", "settings do not contradict each other"),
    Rule("target-unreachable", USAGE, "8", "a target is one that some stream of the model reaches", "ask for what was found, or change what holds for all trials: --effort, --weighting, --rules"),
    Rule("evaluation-failed", USAGE, "8", "an evaluation ends well within its time and gives a number", "run the command by hand on a tensor file; the last line it prints is the number"),
    Rule("batch-norm-unfit", USAGE, "8", "a batch normalization has one finite value per output channel of its layer, and var + eps is positive", "name the layers and batch normalizations that go together: --pairs FILE"),
    Rule("block-members", USAGE, "7.8.5", "the tensors of a block are different ones of the model, quantized, of one data type, beside the weight as long as it has rows; two or more, of batch norm none or four"),
    Rule("tensor-unknown", USAGE, "8.2", "the asked tensor is in the stream or model"),
    Rule("topology-choice", USAGE, "7.6", "a stream whose topology is asked for carries one that is not empty", "nnref inspect IN.nnr lists them; in Python they are open_stream('IN.nnr').topologies"),
    Rule("quantization-data-choice", USAGE, "7.7", "a stream whose quantization data is asked for has one quantization unit", "in Python they are open_stream('IN.nnr').quantization_data"),
    Rule("tensor-announced", USAGE, "8", "an announced tensor is written once, with the data type and shape announced, and no other is"),
    Rule("levels-off-grid", USAGE, "10.3", "with dq_flag 1 the quantized parameters lie on the trellis grid"),
    Rule("update-impossible", USAGE, "12.6", "an update keeps all tensors of its base; one of residuals alone also their shapes and data types", "encode the model as a new base, without --base"),
    Rule("comparison-failed", INTEGRITY, "10", "the decoded tensors are those of the model within the bound"),
    Rule("decoder-fails", INTEGRITY, "10", "a decoder passes every case of the conformance suite that it claims", "nnref trace shows what the literal decoder does with a stream, nnref diverge where another one leaves it"),
    Rule("faults-survive", INTEGRITY, "10", "the conformance suite tells 98 % of the seeded faults of a decoder, and the others are explained", "a stream is lacking: nnref conformance kill FAULT shows what was tried"),
    Rule("trace-diverges", INTEGRITY, "E", "a decoder's trace is that of the literal decoder"),
    Rule("trace-syntax", FILE, "E", "a trace is JSON lines or lines of bins, in the order of decoding"),
    Rule("assembly-syntax", FILE, "E", "an assembly text obeys the grammar of annex E"),
    Rule("file-not-found", FILE, "8", "the file exists and can be read"),
    Rule("file-format", FILE, "8", "the file is of the format its name says"),
    Rule("file-write", FILE, "8", "the output file can be written"),
    Rule("extra-missing", FILE, "8", "the optional package is installed"),
    Rule("peer-unavailable", FILE, "2", "NNCodec 2.1.3 is installed in the virtual environment given", "it is built from source: a C++ compiler and a package index are needed"),
    Rule("internal-error", USAGE, "8", "nnref itself works", "this is a defect of nnref: please report it with the stream"),
)  # fmt: skip
"""Rules about calls: what the user of the library or of the command line can ask wrongly."""

RULES: Final[dict[str, Rule]] = STREAM_RULES | CALLER_RULES
