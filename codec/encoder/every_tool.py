"""Clauses 7.8, 10.6 and 15: a tensor with every coding tool in turn; the smallest unit is kept."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, Final, Protocol, TypeVar

from nnref.codec.encoder.settings import MAX_SHARED_BITS, EncodeSettings
from nnref.spec.errors import UsageError

_SAME_QUALITY: Final[tuple[Mapping[str, Any], ...]] = (
    {"codebook": "auto"},
    {"low_rank": "auto"},
    {"lnq": "auto"},
    {"method": "lowrank"},
    {"method": "templates"},
    {"method": "hierarchical", "fixed_point_bits": 16},
)
"""Settings with which a tensor has about the error that it has without them. Video is not among
the tools: its bytes depend on the release of an extra, and it needs that extra to be decoded."""


class _Report(Protocol):
    @property
    def sqnr(self) -> float:
        """In dB."""
        ...


class _Coded(Protocol):
    @property
    def data(self) -> bytes:
        """The unit."""
        ...

    @property
    def report(self) -> _Report:
        """What coding did to the tensor."""
        ...


CodedT = TypeVar("CodedT", bound=_Coded)
Encode = Callable[[EncodeSettings], CodedT]


def smallest_of_every_tool(encode: Encode[CodedT], settings: EncodeSettings) -> CodedT:
    """The smallest unit that has no more error than that of the settings without `tools`.

    Of units of one size the first one tried is taken, the plain one before all others. Raises as
    `encode` does for the plain one; tools that do not suit a tensor are passed over.
    """
    plain = EncodeSettings.from_options(settings, {"tools": "chosen", "rules": ()})
    best = first = encode(plain)
    if first.report.sqnr == float("inf"):
        return first
    for other in chain(_same_quality(encode, plain), _deep_compression(encode, plain, first)):
        if len(other.data) < len(best.data) and other.report.sqnr >= first.report.sqnr:
            best = other
    return best


def _same_quality(encode: Encode[CodedT], plain: EncodeSettings) -> Iterator[CodedT]:
    for options in _SAME_QUALITY:
        try:
            yield encode(EncodeSettings.from_options(plain, options))
        except UsageError:  # factors or templates of far larger or smaller numbers
            continue


def _deep_compression(
    encode: Encode[CodedT], plain: EncodeSettings, first: CodedT
) -> Iterator[CodedT]:
    """Clause 15.6 with the fewest shared values that have no more error, if it may be smaller."""
    for bits in range(1, MAX_SHARED_BITS + 1):
        options = {"method": "deep-compression", "shared_bits": bits}
        coded = encode(EncodeSettings.from_options(plain, options))
        if len(coded.data) >= len(first.data):
            return
        if coded.report.sqnr >= first.report.sqnr:
            yield coded
            return
