"""Clause 8.3: limits a decoder applies before it takes memory. All are policy, none is syntax."""

from dataclasses import dataclass, fields, replace
from typing import Self

from nnref.spec.errors import refusal


@dataclass(frozen=True, slots=True)
class Limits:
    """Clause 8.3: upper bounds; a stream beyond one is refused with `LimitExceededError`."""

    max_units: int = 1_000_000
    """Units in a stream."""
    max_tensor_elements: int = 1 << 31
    """Weights in one tensor."""
    max_total_bytes: int = 1 << 36
    """Bytes of all decoded tensors together."""
    max_dimensions: int = 32
    """Dimensions of one tensor."""
    max_string_bytes: int = 1 << 16
    """Bytes of one name or identifier; topology and quantization data are not counted."""
    max_list_entries: int = 1 << 20
    """Entries of one list in a header: entry points, codebook, names, performance map rows."""
    max_topology_bytes: int = 1 << 28
    """Bytes of one topology that was packed (NNR_DFL)."""

    def check(self, name: str, value: int, rule_id: str, **where: object) -> None:
        """Raise `LimitExceededError` with rule `rule_id` when `value` is above limit `name`."""
        limit = getattr(self, name)
        if value > limit:
            raise refusal(rule_id, f"{value} is more than {name} = {limit}", **where)

    def with_options(self, options: dict[str, int]) -> Self:
        """A copy with some limits changed; an unknown name or a negative value is refused."""
        names = {f.name for f in fields(self)}
        for name, value in options.items():
            if name not in names:
                raise refusal(
                    "setting-unknown", f"limit {name!r}; known: {', '.join(sorted(names))}"
                )
            if value < 0:
                raise refusal("setting-unknown", f"limit {name} = {value} is negative")
        return replace(self, **options)
