"""Clause 7.6: topologies that a stream carries, packed or not."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Final, Self

from nnref.codec.model.safetensors_file import read_header
from nnref.codec.model.safetensors_header import metadata_of
from nnref.spec.errors import NnrError, refusal
from nnref.spec.limits import Limits
from nnref.spec.tables.enums import TopologyCompressionFormat, TopologyStorageFormat
from nnref.spec.tables.private_units import SAFETENSORS_HEADER

_RAW: Final = int(TopologyCompressionFormat.NNR_PT_RAW)
_DEFLATE: Final = int(TopologyCompressionFormat.NNR_DFL)
_REFERENCE_LIST: Final = int(TopologyStorageFormat.NNR_TPL_REFLIST)
_FIRST_PRIVATE: Final = 128
_PRUNING: Final = int(TopologyStorageFormat.NNR_TPL_PRUN)


MOST_HEADER_BYTES: Final = 1 << 24
"""Of a safetensors header that is read for its free text: JSON takes many times its bytes."""


@dataclass(frozen=True, slots=True)
class Topology:
    """Clause 7.6: what a topology unit carries, a reference list excepted.

    Raises UsageError setting-unknown for formats outside 0..255, setting-conflict for the format
    of reference lists, which belong to the tensors (`indexed_names`).
    """

    topology_storage_format: int
    """What the content is: nnref.spec.tables.enums.TopologyStorageFormat, or clause 14.3."""
    data: bytes
    """The content as it is carried; with `topology_compression_format` 1 a zlib stream."""
    topology_compression_format: int = _RAW

    def __post_init__(self) -> None:
        for name in ("topology_storage_format", "topology_compression_format"):
            if getattr(self, name) not in range(256):
                raise refusal("setting-unknown", f"{name} = {getattr(self, name)!r}")
        if self.topology_storage_format == _REFERENCE_LIST:
            raise refusal("setting-conflict", "a reference list is written with indexed_names")

    @classmethod
    def of(cls, content: bytes, topology_storage_format: int, *, deflate: bool = False) -> Self:
        """The topology with this content, packed if asked for."""
        if deflate:
            return cls(topology_storage_format, zlib.compress(content, 9), _DEFLATE)
        return cls(topology_storage_format, content)

    @classmethod
    def of_safetensors(cls, path: str | PathLike[str], *, deflate: bool = False) -> Self:
        """Clause 14.3: the header of a safetensors file: names, shapes, types, free text.

        Raises FileError file-not-found, file-format.
        """
        return cls.of(read_header(path), SAFETENSORS_HEADER, deflate=deflate)

    @property
    def format_name(self) -> str:
        """`NNR_TPL_ONNX`, `safetensors header`, `private(200)`, `reserved(7)`."""
        storage = self.topology_storage_format
        if storage in list(TopologyStorageFormat):
            return TopologyStorageFormat(storage).name
        if storage == SAFETENSORS_HEADER:
            return "safetensors header"
        return f"private({storage})" if storage >= _FIRST_PRIVATE else f"reserved({storage})"

    def content(self, limits: Limits | None = None) -> bytes:
        """The content as it was before it was packed.

        Raises MalformedError topology-deflate, LimitExceededError limit-topology-bytes (without
        unpacking more than that), UnsupportedError topology-compression-reserved.
        """
        if self.topology_compression_format == _RAW:
            return self.data
        if self.topology_compression_format != _DEFLATE:
            raise refusal("topology-compression-reserved", str(self.topology_compression_format))
        return _inflated(self.data, limits or Limits())

    @classmethod
    def from_unit(cls, fields: Mapping[str, Any], payload: bytes | memoryview) -> Self | None:
        """What a unit with these elements and this payload carries; None for a reference list."""
        storage = fields["topology_storage_format"]
        if storage == _REFERENCE_LIST:
            return None
        data = payload if storage == _PRUNING else fields["topology_data"]
        return cls(storage, bytes(data), fields["topology_compression_format"])

    def unit(self) -> tuple[dict[str, Any], bytes]:
        """The elements and the payload of its unit."""
        fields = {
            "topology_storage_format": self.topology_storage_format,
            "topology_compression_format": self.topology_compression_format,
        }
        if self.topology_storage_format == _PRUNING:
            return fields, self.data
        return fields | {"topology_data": self.data}, b""


def safetensors_metadata(topologies: Iterable[Topology], limits: Limits) -> Mapping[str, str]:
    """Clause 14.3: the free text of the first safetensors header; none without one.

    Raises InvalidError topology-content for what is no such header.
    """
    most = min(limits.max_topology_bytes, MOST_HEADER_BYTES)
    for topology in topologies:
        if topology.topology_storage_format == SAFETENSORS_HEADER:
            try:
                header = topology.content(replace(limits, max_topology_bytes=most))
                if len(header) > most:
                    raise refusal("limit-topology-bytes", f"{len(header)} bytes")
                return metadata_of(header)
            except NnrError as error:
                raise refusal("topology-content", str(error)) from None
    return {}


def _inflated(data: bytes, limits: Limits) -> bytes:
    most = limits.max_topology_bytes
    inflater = zlib.decompressobj()
    try:
        content = inflater.decompress(data, most + 1)
    except zlib.error as error:
        raise refusal("topology-deflate", str(error)) from None
    if len(content) > most:
        raise refusal("limit-topology-bytes", f"more than max_topology_bytes = {most}")
    if not inflater.eof:
        raise refusal("topology-deflate", "the zlib stream is cut off")
    if inflater.unused_data:
        detail = f"{len(inflater.unused_data)} bytes behind the zlib stream"
        raise refusal("topology-deflate", detail)
    return content
