"""Clauses 14.2 and 14.3: the private units and topology formats that nnref writes."""

from typing import Final

INDEX_UNIT: Final = 60
"""Clause 14.2.1: nnr_unit_type of the index unit."""

INDEX_SIGNATURE: Final = int.from_bytes(b"nnri")
"""Clause 14.2.1: first 32 bits of its content, and the last 32 bits of the unit. A unit of the type
that begins otherwise is somebody else's and is skipped."""

INDEX_FOOTER_BYTES: Final = 8
"""Clause 14.2.1: bytes at the end of the unit from which it is found: its size, the signature."""

METHOD_UNIT: Final = 61
"""Clause 14.2.2: nnr_unit_type of the method data unit."""

METHOD_SIGNATURE: Final = int.from_bytes(b"nnrm")
"""Clause 14.2.2: first 32 bits of its content. A unit of the type without is another's."""

SAFETENSORS_HEADER: Final = 128
"""Clause 14.3: topology_storage_format of the header of a safetensors file."""
