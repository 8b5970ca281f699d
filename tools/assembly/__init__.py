"""Streams as text, line by line, and back: also streams that no decoder accepts."""

from nnref.tools.assembly.assembler import assemble
from nnref.tools.assembly.disassembler import Options, disassemble

__all__ = ["Options", "assemble", "disassemble"]
