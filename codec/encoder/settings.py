"""Encoder settings: one frozen object for a model, with per-tensor rules on top."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, Self, get_args

from nnref.codec.model_parameters import ModelParameters
from nnref.codec.quantization.fixed_point import FixedPoint
from nnref.codec.quantization_data import QuantizationData
from nnref.codec.topology import Topology
from nnref.codec.transform.pairs import Block
from nnref.spec.errors import refusal
from nnref.spec.syntax.units import MAX_LONG_SIZE
from nnref.spec.tables.hierarchical import MAX_WIDTH
from nnref.spec.tables.video import BIT_DEPTHS

Effort = Literal["fast", "default", "best"]
ShiftSearch = Literal["off", "compatible", "exact"]
ParentId = Literal["ids", "sha256", "sha512"]
NonFinite = Literal["error", "raw"]
Lnq = Literal["off", "auto", "class", "published"]
MethodName = Literal["lowrank", "hierarchical", "templates", "video", "deep-compression"]
VideoLayout = Literal["rows", "kernels", "square"]
TemplateDistance = Literal["absolute", "signed"]
Tools = Literal["chosen", "auto"]
OutOfReach = Literal["raw", "layer", "error"]

DEFAULT_SQNR: Final = 40.0
"""Quality in dB when none is asked for."""
VECTOR_SQNR_MARGIN: Final = 25.0
"""Vectors and scalars (biases, normalization) get this many dB more: few bytes, much effect."""

MAX_TEMPLATES: Final = 4096
"""Templates of a tensor that can be asked for."""
MAX_SHARED_BITS: Final = 10
"""Bits of an index of shared values, at most."""
MAX_CODEBOOK: Final = 1024
"""Entries of a codebook that can be asked for."""

_PLAIN_DENSITY: Final = 2
_FINE_DENSITY: Final = 6
"""qp_density where the encoder may choose: an SQNR is then met within a tenth of a dB."""
_PLAIN_UNARY_LENGTH: Final = 11

_STREAM_WIDE: Final = frozenset(
    {"profile", "compatible", "index", "rules", "steps", "blocks"}
    | {"indexed_names", "out_of_band", "max_unit_bytes"}
    | {"parameters", "topologies", "quantization_data", "aggregates"}
    | {"device_id", "parent_id", "predictive", "output_formats"}
)
_OF_PARAMETER_SETS: Final = frozenset({"qp_density", "base_qp"})
"""Of layers in a layer parameter set, which compatible streams do not have."""
_CARRIED: Final = ("parameters", "topologies", "quantization_data", "aggregates")
_NOT_COMPATIBLE: Final = ("index", "max_unit_bytes", "prune", "prune_deviations", *_CARRIED)
"""What NNCodec does not write."""
_QUALITY: Final = ("qp", "step", "sqnr")
_LOW_RANK: Final = ("low_rank", "low_rank_error")
_IN_QP: Final = ("qp", "nonweight_qp")
_NONE: Final = type(None)
_TYPES: Final = {
    "qp": (int, _NONE),
    "step": (float, int, _NONE),
    "sqnr": (float, int, _NONE),
    "nonweight_qp": (int, _NONE),
    "rd_lambda": (float, int, _NONE),
    "qp_density": (int, _NONE),
    "cabac_unary_length_minus1": (int, _NONE),
    "dq": (bool,),
    "codebook": (int, str, _NONE),
    "low_rank": (float, int, str, _NONE),
    "low_rank_error": (float, int, _NONE),
    "local_scaling": (bool,),
    "lnq_units": (str, _NONE),
    "prune": (float, int, _NONE),
    "kernel_rank": (int, float, str),
    "kernel_error": (float, int, _NONE),
    "prune_deviations": (float, int, _NONE),
    "grouping": (bool,),
    "fixed_point": (bool,),
    "fixed_point_bits": (int, _NONE),
    "output_formats": (dict,),
    "shared_bits": (int, _NONE),
    "templates": (int, str),
    "video_depth": (int,),
    "video_chroma": (bool,),
    "template_residual": (bool,),
    "steps": (dict,),
    "lossless": (bool,),
    "base_qp": (int, _NONE),
    "row_skip": (bool, _NONE),
    "compatible": (bool,),
    "index": (bool,),
    "max_unit_bytes": (int, _NONE),
    "parameters": (ModelParameters, _NONE),
    "topologies": (tuple,),
    "quantization_data": (tuple,),
    "aggregates": (tuple,),
    "blocks": (tuple, str),
    "indexed_names": (bool,),
    "out_of_band": (bool,),
    "device_id": (int, _NONE),
    "predictive": (bool,),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Settings for the tensors whose name matches a glob; later matching rules win."""

    tensors: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EncodeSettings:
    """How to encode. At most one of `qp`, `step` and `sqnr` asks for the quality.

    Raises UsageError setting-unknown (a value outside its range) or setting-conflict.
    """

    qp: int | None = None
    """Quantization parameter of tensors with at least two dimensions (clause 10.1)."""
    step: float | None = None
    """The largest step allowed; the nearest reachable one not above it is used."""
    sqnr: float | None = None
    """Signal to quantization noise ratio in dB that every tensor reaches."""
    nonweight_qp: int | None = None
    """qp of vectors and scalars; None lets their step follow the data."""
    effort: Effort = "default"
    """How hard to look for fewer bytes: "fast" takes the nearest values, "default" weighs errors
    against bits, "best" tries more ways to do so."""
    rd_lambda: float | None = None
    """What a bit is worth in squared steps when errors are weighed against bits; None takes what
    suits the quantizer, 0 weighs no bits."""
    dq: bool = True
    """Dependent quantization (dq_flag) of tensors with at least two dimensions. Where an SQNR is
    asked for and many weights are 0, it is used only if it takes fewer bytes, but with "fast"."""
    codebook: int | Literal["auto"] | None = None
    """Codebooks (clause 7.8.7) of tensors with at least two dimensions: of so many entries at most,
    1..1024, which then decide the quality, while `qp` or `step` is the grid of the entries; with
    "auto" where one with no more error takes fewer bytes. A codebook excludes `dq`."""
    low_rank: float | Literal["auto"] | None = None
    """Code tensors with at least two dimensions as low-rank factors (clause 10.6) that have at most
    this part of their numbers, 0..1; with "auto" where that has no more error and takes fewer
    bytes. A quality is that of the factors; what the rank leaves out comes on top."""
    low_rank_error: float | None = None
    """The same with the smallest rank that leaves out at most this error, relative to the tensor
    (Frobenius norms), 0..1."""
    local_scaling: bool = False
    """Code tensors with at least two dimensions as rows of one magnitude and a factor for each of
    them (clause 10.6), so that errors are relative to the row; the factors are fitted to the rows
    as they are decoded. A block's own local scaling, or the model's, stays."""
    lnq: Lnq = "off"
    """Local non-linear quantization (clause 15.1) of tensors with at least two dimensions, where it
    takes fewer bytes for no more error: "class" for classes of units with reconstruction points of
    their own; "published" for units with a codebook of their own; "auto" tries both, and a uniform
    quantizer and codebooks. NNCodec stops at such units; `nnref strip` removes or replaces them."""
    lnq_units: str | None = None
    """The units: filter, 8x8, kernel, row, tensor, layer (8x8 or filter, as the layer is), or RxC
    with * for all rows or columns; None takes what suits the mode: in class mode output filters or
    input channels, in published mode layer."""
    lnq_levels: int = 3
    """Values of a unit with a codebook, at most: 2..8."""
    prune: float | None = None
    """Part of the weights of a tensor with at least two dimensions that is set to 0 first: those of
    least magnitude. Quality is then that of what is left."""
    prune_deviations: float | None = None
    """The same for the weights of less magnitude than this many standard deviations of their
    tensor."""
    method: MethodName | None = None
    """A method beyond the standard (clause 15) for the tensors that it suits, in units that NNCodec
    stops at: "lowrank" for kernels as pairs of vertical and horizontal filters; "hierarchical" for
    fixed-point numbers, of which the quality that is asked for decides how many there are;
    "templates" for kernels as scaled and shifted templates; "video" for weights as pictures of HEVC
    (extra `video`) and "deep-compression" for few shared values, found by k-means, and Huffman
    codes, both whatever quality is asked for."""
    tools: Tools = "chosen"
    """Which coding tools a tensor with at least two dimensions may have: those chosen by the other
    settings; or with "auto" the one of all that takes fewest bytes for no more error. Like `method`
    that makes units that NNCodec stops at."""
    kernel_rank: float | Literal["auto"] = "auto"
    """Rank of the kernels that `method` "lowrank" codes: an integer, or as a float 0..1 so that the
    factors have at most this part of the weight's numbers. A quality is then that of the factors,
    what the rank leaves out comes on top. With "auto" they are used only where that takes fewer
    bytes for no more error."""
    kernel_error: float | None = None
    """The same with the smallest rank that leaves out at most this error, relative to the tensor
    (Frobenius norms), 0..1."""
    shared_bits: int | None = None
    """Bits of an index of shared values, 1..10: of 2^bits values one is 0. None takes with `method`
    "deep-compression" those of the paper, 8 in convolutions and 5 elsewhere, with "hierarchical"
    the fewest of 4 to 8 that reach the quality asked for."""
    grouping: bool = True
    """Whether the `method` "hierarchical" lets weights share values."""
    fixed_point: bool = True
    """Whether its values are fixed-point numbers, or binary32 ones; without either stage tensors
    are coded as usual, pruned if that is asked for."""
    fixed_point_bits: int | None = None
    """Bits of these, 1..24; None takes those of the paper, 6 in fully connected layers and 10 in
    others. Their fraction length is that of least error."""
    output_formats: dict[str, FixedPoint] = field(default_factory=dict)
    """Formats of layer outputs (clause 15.4.4) by the name of the layer's weight, with `method`
    "hierarchical"; `Stream.output_formats` has them."""
    templates: int | Literal["auto"] = "auto"
    """Templates of a tensor that `method` "templates" codes, 1..4096, fewer if it has fewer
    kernels; with "auto" they are used only where that takes fewer bytes for no more error."""
    template_residual: bool = True
    """Whether what the templates leave over is coded too, with the quality that is asked for."""
    template_distance: TemplateDistance = "absolute"
    """Whether kernels are compared with templates by the magnitude of Pearson's r, or with its
    sign."""
    video_depth: int = 8
    """Bits of the integers that `method` "video" makes of weights: 8, 10 or 12."""
    video_qp: int | None = None
    """QP of the pictures, 0..51; None codes them without loss."""
    video_scales: Literal["tensor", "row"] = "tensor"
    """Whether integers have one scale for a tensor, or one for each of its rows."""
    video_layout: VideoLayout = "rows"
    """How weights lie in pictures: a line for each row; each kernel a rectangle, a line of them for
    each row; or one behind the other in a picture like a square, as those do whose rows are too
    short or too long for a line."""
    video_chroma: bool = False
    """Pictures with chroma that means nothing (4:2:0), for decoders that have no others."""
    video_layers: Literal["all", "fc"] = "all"
    """Which weights become pictures: all, or those of fully connected layers (matrices)."""
    lossless: bool = False
    """Carry float tensors without quantization."""
    non_finite: NonFinite = "error"
    """What to do with NaN and infinities: refuse, or carry that tensor without quantization."""
    out_of_reach: OutOfReach = "raw"
    """What to do with a tensor whose scale no reachable step suits: carry it without quantization,
    of which the report warns; put a layer parameter set with another base before it (clause 6.6),
    which NNCodec cannot read; or refuse. `compatible` streams refuse."""
    profile: int = 1
    """general_profile_idc."""
    scan_order: int = 0
    """0 row-major, 1..4 blocks of 8, 16, 32, 64 with entry points."""
    qp_density: int | None = None
    """2**qp_density quantization parameters per doubling of the step; None takes 2 when a
    quality is given as a qp, and 6 otherwise unless the effort is "fast"."""
    base_qp: int | None = None
    """mps_quantization_parameter; None takes 0, or what very small or large weights need."""
    cabac_unary_length_minus1: int | None = None
    """Number of abs_level_greater_x bins less one, 0..255; None takes what suits the tensor, with
    the effort "fast" 10."""
    row_skip: bool | None = None
    """row_skip_enabled_flag; None enables it where it pays."""
    shift_search: ShiftSearch = "exact"
    """How shift parameters are chosen: none, as NNCodec 2.1.3 does, or exactly."""
    compatible: bool = False
    """Write byte for byte what NNCodec 2.1.3 writes with the same settings."""
    blocks: tuple[Block, ...] | Literal["auto"] = ()
    """Tensors that share a unit and a codeword (clause 7.8.5); "auto" finds weights with their
    biases and local scalings by name. A block's tools are those of its weight."""
    indexed_names: bool = False
    """Name the tensors once, in a reference list, and refer to them by index (clause 7.8.2)."""
    out_of_band: bool = False
    """Leave out dimensions and unary lengths; a decoder has to be given them (clause 7.8.9)."""
    index: bool = False
    """End the stream with an index (clause 14.2.1), by which one tensor is found without parsing
    all headers; NNCodec cannot skip it."""
    max_unit_bytes: int | None = None
    """Split the data of larger compressed data units over several units (clause 8.2.1), which
    NNCodec cannot read."""
    parameters: ModelParameters | None = None
    """What the model parameter set says of the model: base model, performance (clauses 7.3.3 and
    7.4)."""
    topologies: tuple[Topology, ...] = ()
    """The network's topology, in units of its own before the tensors (clause 7.6)."""
    quantization_data: tuple[QuantizationData, ...] = ()
    """Contents of quantization units (clause 7.7), behind the topologies."""
    aggregates: tuple[bytes, ...] = ()
    """Contents of aggregate units (clause 7.9), behind those, as they are. Decoders refuse such a
    stream unless they know what is in them, or are told to skip them."""
    device_id: int | None = None
    """device_id of the node ids (clause 12.1). Units of an update have them, with 0 if none is
    given; others have them only if one is given."""
    parent_id: ParentId = "ids"
    """How the units of an update name their parents (clause 12.1): by ids, or by a hash of the
    parent's payload, of 32 or 64 bytes for each tensor."""
    predictive: bool = False
    """Mark an update as one of residuals alone (nnr_pre_flag, clause 12.6); then no tensor of the
    base can come with another shape or type, or without loss."""
    steps: dict[str, float] = field(default_factory=dict)
    """The largest step allowed for tensors by name, in place of the quality for all; rules come
    on top. A step that cannot be reached makes its tensor one that is out of reach."""
    rules: tuple[Rule, ...] = ()
    holds_for_vectors: bool = False
    """`qp` and `step` hold for vectors and scalars too; so does what a rule says by name."""

    def __post_init__(self) -> None:
        _check_types(self)
        _check_range("profile", self.profile, 0, 1)
        _check_range("scan_order", self.scan_order, 0, 4)
        if self.qp_density is not None:
            _check_range("qp_density", self.qp_density, 0, 7)
        if self.cabac_unary_length_minus1 is not None:
            _check_range("cabac_unary_length_minus1", self.cabac_unary_length_minus1, 0, 255)
        _check_choice("effort", self.effort, ("fast", "default", "best"))
        if self.rd_lambda is not None and not 0 <= self.rd_lambda < float("inf"):
            raise refusal("setting-unknown", f"rd_lambda {self.rd_lambda} is negative")
        if self.codebook not in (None, "auto"):
            _check_range("codebook", self.codebook, 1, MAX_CODEBOOK)
        if self.codebook is not None and self.compatible:
            raise refusal("setting-conflict", "codebook and compatible")
        if self.local_scaling and self.compatible:
            raise refusal("setting-conflict", "local_scaling and compatible")
        _check_low_rank(self)
        _check_choice("lnq", self.lnq, ("off", "auto", "class", "published"))
        _check_range("lnq_levels", self.lnq_levels, 2, 8)
        if self.lnq != "off" and self.compatible:
            raise refusal("setting-conflict", "lnq and compatible")
        if self.prune is not None and not 0 <= self.prune < 1:
            raise refusal("setting-unknown", f"prune {self.prune} is outside 0..1")
        if self.prune_deviations is not None:
            if not 0 <= self.prune_deviations < float("inf"):
                raise refusal("setting-unknown", f"prune_deviations {self.prune_deviations}")
            if self.prune is not None:
                raise refusal("setting-conflict", "prune and prune_deviations")
        _check_method(self)
        _check_tools(self)
        _check_choice("non_finite", self.non_finite, ("error", "raw"))
        _check_choice("out_of_reach", self.out_of_reach, ("raw", "layer", "error"))
        _check_choice("parent_id", self.parent_id, ("ids", "sha256", "sha512"))
        if self.device_id is not None:
            _check_range("device_id", self.device_id, 0, (1 << 31) - 1)
            if self.profile == 0:
                raise refusal("setting-conflict", "device_id needs profile 1")
        _check_choice("shift_search", self.shift_search, ("off", "compatible", "exact"))
        asked = [name for name in _QUALITY if getattr(self, name) is not None]
        if len(asked) > 1 or (asked and self.lossless):
            raise refusal("setting-conflict", " and ".join([*asked, *["lossless"] * self.lossless]))
        for step in (*self.steps.values(), *([self.step] if self.step is not None else [])):
            if not 0 < step < float("inf"):
                raise refusal("step-out-of-range", f"step {step}")
        if self.sqnr is not None and not 0 <= self.sqnr <= 200:
            raise refusal("setting-unknown", f"sqnr {self.sqnr} is outside 0..200 dB")
        for extra in _NOT_COMPATIBLE:
            if self.compatible and getattr(self, extra):
                raise refusal("setting-conflict", f"{extra} and compatible")
        if self.compatible and self.out_of_reach == "layer":
            raise refusal("setting-conflict", "out_of_reach = 'layer' and compatible")
        if self.max_unit_bytes is not None:
            _check_range("max_unit_bytes", self.max_unit_bytes, 1, MAX_LONG_SIZE)
        if isinstance(self.blocks, str):
            _check_choice("blocks", self.blocks, ("auto",))
        if self.row_skip and self.profile == 0:
            raise refusal("setting-conflict", "row_skip needs profile 1")
        for rule in self.rules:
            _check_names(rule.options, rule.tensors, compatible=self.compatible)
            replace(self, rules=())._named(rule)

    @property
    def density(self) -> int:
        """qp_density, chosen or given."""
        return _PLAIN_DENSITY if self.qp_density is None else self.qp_density

    @property
    def unary_length(self) -> int:
        """The unary length of tensors that are not given one that suits them."""
        length = self.cabac_unary_length_minus1
        return _PLAIN_UNARY_LENGTH if length is None else length + 1

    @property
    def plain(self) -> bool:
        """Whether tensors are quantized to the nearest values and coded in the usual way."""
        return self.compatible or self.effort == "fast"

    @property
    def own_units(self) -> str | None:
        """The setting that asks for method data units (clause 15), which hold one tensor."""
        if self.lnq != "off":
            return f"lnq = {self.lnq!r}"
        if self.method is not None:
            return f"method = {self.method!r}"
        return f"tools = {self.tools!r}" if self.tools == "auto" else None

    def resolved(self) -> Self:
        """With the stream-wide settings chosen that depend on others; for a whole stream."""
        options: list[Mapping[str, Any]] = [{"qp": self.qp, "nonweight_qp": self.nonweight_qp}]
        options += [rule.options for rule in self.rules]
        in_qp = any(each.get(name) is not None for each in options for name in _IN_QP)
        fine = not (self.plain or in_qp or self.base_qp is not None)
        if self.qp_density is not None:
            return self
        return replace(self, qp_density=_FINE_DENSITY if fine else _PLAIN_DENSITY)

    def for_tensors(self) -> Self:
        """Without what the stream carries beside tensors: it need not go along with every one."""
        return replace(self, parameters=None, topologies=(), quantization_data=(), aggregates=())

    @classmethod
    def from_options(cls, settings: Self | None, options: Mapping[str, Any]) -> Self:
        """`settings` (default: the defaults) with keyword options on top.

        A quality given as an option replaces the one in `settings`.
        """
        return (settings or cls())._with(options)

    def for_tensor(self, name: str) -> Self:
        """The settings of one tensor: its step, then every rule whose glob matches its name."""
        settings = self
        if name in self.steps:
            step = self.steps[name]
            settings = replace(self._with({"step": step}), steps={name: step})
        elif self.steps:
            settings = replace(self, steps={})
        for rule in self.rules:
            if fnmatchcase(name, rule.tensors):
                settings = settings._named(rule)
        return settings

    def _named(self, rule: Rule) -> Self:
        """With a rule on top: its qp or step means just these tensors, whatever their shape."""
        options = dict(rule.options)
        if "qp" in options or "step" in options:
            options = {"holds_for_vectors": True, "nonweight_qp": None} | options
        return self._with(options)

    def _with(self, options: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(self)}
        for name in options:
            if name not in known:
                raise refusal("setting-unknown", f"{name!r}; known: {', '.join(sorted(known))}")
        changes = dict(options)
        if any(changes.get(name) is not None for name in (*_QUALITY, "lossless")):
            changes = dict.fromkeys(_QUALITY) | {"lossless": False, "steps": {}} | changes
        return replace(self, **changes)


def _check_names(options: Mapping[str, Any], pattern: str, *, compatible: bool) -> None:
    for name in options:
        if name in _STREAM_WIDE or (compatible and name in _OF_PARAMETER_SETS):
            raise refusal("setting-conflict", f"rule {pattern!r}: {name} holds for a whole stream")
        if name not in {f.name for f in fields(EncodeSettings)}:
            raise refusal("setting-unknown", f"rule {pattern!r}: {name!r}")


def _check_types(settings: EncodeSettings) -> None:
    for name, accepted in _TYPES.items():
        value = getattr(settings, name)
        if type(value) not in accepted:
            raise refusal("setting-unknown", f"{name} = {value!r}")


def _check_low_rank(settings: EncodeSettings) -> None:
    asked = [name for name in _LOW_RANK if getattr(settings, name) is not None]
    for name in asked:
        value = getattr(settings, name)
        if (name, value) == ("low_rank", "auto"):
            continue
        if isinstance(value, str) or not 0 < value <= 1:
            raise refusal("setting-unknown", f"{name} = {value!r} is outside 0..1")
    if len(asked) > 1 or (asked and settings.compatible):
        others = ["compatible"] * settings.compatible
        raise refusal("setting-conflict", " and ".join([*asked, *others]))


def _check_method(settings: EncodeSettings) -> None:
    _check_choice("method", settings.method, (None, *get_args(MethodName)))
    _check_kernel_rank(settings)
    if settings.fixed_point_bits is not None:
        _check_range("fixed_point_bits", settings.fixed_point_bits, 1, MAX_WIDTH)
    if settings.output_formats and settings.method != "hierarchical":
        raise refusal("setting-conflict", "output_formats needs the method hierarchical")
    if settings.shared_bits is not None:
        _check_range("shared_bits", settings.shared_bits, 1, MAX_SHARED_BITS)
    _check_choice("video_scales", settings.video_scales, ("tensor", "row"))
    _check_choice("video_layout", settings.video_layout, ("rows", "kernels", "square"))
    _check_choice("video_layers", settings.video_layers, ("all", "fc"))
    if settings.video_depth not in BIT_DEPTHS:
        raise refusal("setting-unknown", f"video_depth {settings.video_depth} is not 8, 10 or 12")
    if settings.video_qp is not None:
        _check_range("video_qp", settings.video_qp, 0, 51)
    _check_choice("template_distance", settings.template_distance, ("absolute", "signed"))
    if settings.templates != "auto":
        _check_range("templates", settings.templates, 1, MAX_TEMPLATES)
    elif not settings.template_residual:
        raise refusal("setting-conflict", "template_residual = False needs a number of templates")
    if settings.method is not None and settings.compatible:
        raise refusal("setting-conflict", "method and compatible")
    if settings.method is not None and settings.lnq != "off":
        raise refusal("setting-conflict", "method and lnq")


def _check_tools(settings: EncodeSettings) -> None:
    _check_choice("tools", settings.tools, ("chosen", "auto"))
    asked = [name for name in ("codebook", *_LOW_RANK) if getattr(settings, name) is not None]
    asked += ["method"] * (settings.method is not None) + ["lnq"] * (settings.lnq != "off")
    asked += ["compatible"] * settings.compatible
    if settings.tools == "auto" and asked:
        raise refusal("setting-conflict", f"tools = 'auto' and {asked[0]}")


def _check_kernel_rank(settings: EncodeSettings) -> None:
    rank, error = settings.kernel_rank, settings.kernel_error
    if error is not None and not 0 <= error <= 1:
        raise refusal("setting-unknown", f"kernel_error = {error!r} is outside 0..1")
    if rank == "auto":
        return
    if error is not None:
        raise refusal("setting-conflict", "kernel_rank and kernel_error")
    if type(rank) is int and rank > 0:
        return
    if type(rank) is not float or not 0 < rank <= 1:
        detail = f"kernel_rank = {rank!r}; an integer, a float in 0..1 or auto"
        raise refusal("setting-unknown", detail)


def _check_range(name: str, value: object, low: int, high: int) -> None:
    if type(value) is not int or not low <= value <= high:
        raise refusal("setting-unknown", f"{name} = {value!r} is outside {low}..{high}")


def _check_choice(name: str, value: object, choices: tuple[str | None, ...]) -> None:
    if value not in choices:
        known = ", ".join(choice for choice in choices if choice is not None)
        raise refusal("setting-unknown", f"{name} = {value!r}; one of {known}")
