"""What the arithmetic coder has to know about one tensor."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from nnref.spec.errors import refusal

MAX_UNARY_LENGTH: Final = 256
"""Clause 9.5.2: cabac_unary_length_minus1 has 8 bits."""

MAX_SCAN_ORDER: Final = 4


class EntryPoint(NamedTuple):
    """Clause 9.6.4: where a block row other than the first starts in the payload."""

    bit_offset: int
    """Shifts of the arithmetic coder since the previous entry point (the first one: since the
    first weight)."""
    offset: int
    """The offset register, 0..255."""
    dq_state: int

    def __str__(self) -> str:
        return f"bit_offset {self.bit_offset}, offset {self.offset}, dq_state {self.dq_state}"


@dataclass(frozen=True, slots=True)
class TensorSyntax:
    """Clause 7.10: the coding parameters of one tensor.

    `rows` is the first dimension, `columns` the product of the others; `profile` is
    general_profile_idc, `parent` parent_node_id_present_flag and `temporal`
    temporal_context_modeling_flag. `codebook_size` is 0 without a codebook. Raises rules
    `scan-order-reserved`, `codebook-zero-offset-range`, `dq-with-codebook` and `setting-unknown`.
    """

    rows: int
    columns: int
    unary_length: int = 11
    dq_flag: int = 0
    scan_order: int = 0
    profile: int = 1
    parent: bool = False
    temporal: bool = False
    codebook_size: int = 0
    codebook_zero_offset: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.scan_order <= MAX_SCAN_ORDER:
            raise refusal("scan-order-reserved", f"scan_order {self.scan_order}")
        if not 1 <= self.unary_length <= MAX_UNARY_LENGTH:
            raise refusal("setting-unknown", f"unary length {self.unary_length}")
        if self.rows < 0 or self.columns < 0:
            raise refusal("setting-unknown", f"a matrix of {self.rows} x {self.columns}")
        if self.codebook_size:
            if not 0 <= self.codebook_zero_offset < self.codebook_size:
                raise refusal(
                    "codebook-zero-offset-range",
                    f"{self.codebook_zero_offset} in a codebook of {self.codebook_size}",
                )
            if self.dq_flag:
                raise refusal("dq-with-codebook")

    @property
    def weights(self) -> int:
        """Clause 9.6.1: the number of weights."""
        return self.rows * self.columns

    @property
    def is_matrix(self) -> bool:
        """Clause 9.6.1: more than one row and more than one column."""
        return self.rows > 1 and self.columns > 1

    @property
    def block_edge(self) -> int:
        """Clause 9.6.2: rows and columns of a block; 0 when the scan is row by row."""
        return 4 << self.scan_order if self.scan_order and self.is_matrix else 0

    @property
    def block_rows(self) -> int:
        """Clause 9.6.3: the number of block rows; a scan row by row has one."""
        return -(-self.rows // self.block_edge) if self.block_edge else 1

    @property
    def codes_nothing(self) -> bool:
        """Clause 9.5.3: a codebook with one entry leaves nothing to be coded."""
        return self.codebook_size == 1 and self.profile == 1

    @property
    def uses_base(self) -> bool:
        """Clause 12.3: whether the parent's levels choose contexts."""
        return self.temporal and self.profile == 1

    @property
    def has_flags(self) -> bool:
        """Clause 6.14.1: whether the tensor data starts with row skipping and history flags."""
        return self.profile == 1 and self.is_matrix and self.codebook_size != 1
