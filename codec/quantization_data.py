"""Clause 7.7: quantization data that a stream carries; what it means is not public."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from nnref.spec.errors import refusal


@dataclass(frozen=True, slots=True)
class QuantizationData:
    """Clause 7.7: a quantization unit. Raises UsageError setting-unknown for formats outside
    0..255.
    """

    data: bytes
    """The bytes as they are carried."""
    quantization_storage_format: int = 0
    quantization_compression_format: int = 0

    def __post_init__(self) -> None:
        for name in ("quantization_storage_format", "quantization_compression_format"):
            if getattr(self, name) not in range(256):
                raise refusal("setting-unknown", f"{name} = {getattr(self, name)!r}")

    @classmethod
    def from_unit(cls, fields: Mapping[str, Any]) -> Self:
        """What a unit with these elements carries."""
        return cls(
            bytes(fields["quantization_data"]),
            fields["quantization_storage_format"],
            fields["quantization_compression_format"],
        )

    def elements(self) -> dict[str, Any]:
        """The elements of its unit."""
        return {
            "quantization_storage_format": self.quantization_storage_format,
            "quantization_compression_format": self.quantization_compression_format,
            "quantization_data": self.data,
        }
