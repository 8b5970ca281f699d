"""Traces: what a decoder does, written down, and where another decoder's trace differs."""

from nnref.tools.trace.divergence import Comparison, Difference, diverge
from nnref.tools.trace.payload import Event, PayloadReporter, Sink, Wanted, contexts_hash
from nnref.tools.trace.tracing import Selection, Source, trace, trace_header
from nnref.tools.trace.writers import TextWriter, json_lines

__all__ = [
    "Comparison",
    "Difference",
    "Event",
    "PayloadReporter",
    "Selection",
    "Sink",
    "Source",
    "TextWriter",
    "Wanted",
    "contexts_hash",
    "diverge",
    "json_lines",
    "trace",
    "trace_header",
]
