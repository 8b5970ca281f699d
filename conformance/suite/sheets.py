"""The sheet of one case of the suite, as records; on disk it is JSON of the same names."""

import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from nnref.spec.tables.enums import Dialect

SCHEMA: Final = 1
"""Version of the form of sheets."""
LICENCE: Final = "CC0-1.0"
"""Of every stream, sheet and expected value of the suite."""

VALID: Final = "valid"
"""A decoder that claims the features gives the expected tensors."""
INVALID: Final = "invalid"
"""A decoder refuses the stream, or may (`Fault.refusal`)."""
MUST_SKIP: Final = "must-skip"
"""Valid, with something in it that a decoder does not know and has to pass over."""

REQUIRED: Final = "required"
"""A decoder that hands out tensors of such a stream is wrong."""
PERMITTED: Final = "permitted"
"""A decoder may refuse; one that does not gives the expected tensors, where there are any."""


@dataclass(frozen=True, slots=True)
class StreamFile:
    """The stream of a case; `file` lies in the folder of its sheet."""

    file: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Options:
    """What a decoder is told beside the stream."""

    out_of_band: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By tensor name: tensor_dimensions, cabac_unary_length_minus1 (clause 7.8.9)."""
    chain: tuple[str, ...] = ()
    """Ids of the cases whose streams are decoded before this one, oldest first (clause 12)."""
    semantics: str | None = None
    """cumulative or non-cumulative: the expected tensors are the sum of the chain (clause 12.6);
    None: they are those of this stream alone."""
    as_coded: bool = True
    """False: blocks are composed (clause 10.6)."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Limits that differ from the defaults of clause 8.3."""


@dataclass(frozen=True, slots=True)
class ExpectedTensor:
    """An output tensor, in the order of decoding; the hash is over its little-endian items."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class ExpectedLevels:
    """The quantized parameters of a coded tensor (with a codebook, its levels), row-major.

    The hash is over them as 32-bit little-endian integers.
    """

    name: str
    sha256: str
    min: int
    max: int
    zeros: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The arithmetic decoder after `bins` bins of a codeword (clause 9.3)."""

    bins: int
    range: int
    offset: int
    shifts: int


@dataclass(frozen=True, slots=True)
class CoderState:
    """The registers before the terminate bin of a unit's codeword, and on the way there."""

    unit: int
    tensor: str
    """The last one of the codeword."""
    bins: int
    range: int
    offset: int
    shifts: int
    bytes_consumed: int
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """What decoding gives."""

    file: str
    """Safetensors; types that it does not know are bytes (U8) there."""
    tensors: tuple[ExpectedTensor, ...]
    levels: tuple[ExpectedLevels, ...]
    coder_states: tuple[CoderState, ...]
    findings: tuple[str, ...] = ()
    """Rules that the stream breaks and a decoder tolerates."""


@dataclass(frozen=True, slots=True)
class Edit:
    """How the stream was made of its parent: bytes `old_bytes` at `byte` became `new_bytes`."""

    op: str
    """set, bits, truncate, append, insert, remove, swap."""
    byte: int
    old_bytes: str
    new_bytes: str
    """Hexadecimal."""
    unit: int | None = None
    element: str | None = None
    old: str | None = None
    new: str | None = None
    """Values of the element."""

    def undo(self, stream: bytes) -> bytes:
        """The parent's bytes. Raises ValueError for a stream that the edit did not make."""
        old, new = bytes.fromhex(self.old_bytes), bytes.fromhex(self.new_bytes)
        end = self.byte + len(new)
        if stream[self.byte : end] != new:
            raise ValueError(f"bytes {self.byte} to {end - 1} are not {self.new_bytes}")
        return stream[: self.byte] + old + stream[end:]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an invalid stream: one edit of a valid one."""

    parent: str
    edit: Edit
    rule: str
    clause: str
    error_class: str
    """malformed, invalid, unsupported, limit or integrity."""
    window: tuple[int, int]
    """(first, last) bit: a decoder can know at the first, and must have refused at the last."""
    refusal: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What decoding, or refusing, may take beyond what the decoder takes for the case `first`."""

    memory_bytes: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One case: its stream, what it is about, what is expected of a decoder."""

    id: str
    group: str
    title: str
    description: str
    """What a naive decoder would do wrong."""
    kind: str
    clauses: tuple[str, ...]
    features: tuple[str, ...]
    profile: int
    edition: int
    dialect: str
    decisions: tuple[str, ...]
    stream: StreamFile
    budget: Budget
    options: Options = field(default_factory=Options)
    expected: Expected | None = None
    fault: Fault | None = None
    schema: int = SCHEMA
    licence: str = LICENCE
    folder: Path | None = field(default=None, compare=False)
    """Where the files are; not on disk."""

    @property
    def stream_path(self) -> Path:
        """The file of the stream."""
        return self._folder / self.stream.file

    @property
    def expected_path(self) -> Path | None:
        """The file of the expected tensors."""
        return None if self.expected is None else self._folder / self.expected.file

    @property
    def data(self) -> bytes:
        """The bytes of the stream."""
        return self.stream_path.read_bytes()

    @property
    def coded_dialect(self) -> Dialect:
        """The dialect as the codec knows it."""
        return next(dialect for dialect in Dialect if dialect.label == self.dialect)

    @property
    def _folder(self) -> Path:
        if self.folder is None:
            raise ValueError(f"the sheet {self.id} was not read from a folder")
        return self.folder


def sheet_to_json(sheet: Sheet) -> dict[str, Any]:
    """The object on disk: absent parts are left out."""
    content = asdict(sheet)
    del content["folder"]
    found: dict[str, Any] = _without_none(content)
    first = ("schema", "id", "group", "title", "description", "kind", "licence")
    return {name: found.pop(name) for name in first} | found


def sheet_from_json(content: Mapping[str, Any], folder: Path | None = None) -> Sheet:
    """The record of an object that obeys the schema. Raises TypeError or KeyError for others."""
    sheet: Sheet = _record(Sheet, {**content, "folder": folder})
    return sheet


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_none(item) for item in value]
    return value


def _record(kind: Any, content: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    return kind(**{name: _converted(hints[name], value) for name, value in content.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    known = {item.name for item in fields(kind)}
    return {name: hint for name, hint in get_type_hints(kind).items() if name in known}


def _converted(hint: Any, value: Any) -> Any:
    """A JSON value as what a field of this type holds."""
    if isinstance(hint, types.UnionType):
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    if value is None or not isinstance(value, list | dict):
        return value
    if isinstance(value, dict):
        return _record(hint, value) if is_dataclass(hint) else value
    if get_origin(hint) is tuple:
        return tuple(_converted(get_args(hint)[0], item) for item in value)
    return value
