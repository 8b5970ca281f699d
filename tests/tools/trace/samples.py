"""Streams of the tests, and their traces."""

import functools
from pathlib import Path

from nnref.spec.process import UpdateState, decode_stream
from nnref.spec.tables.enums import Dialect
from nnref.tools.trace import PayloadReporter, Selection, Source, Wanted, trace, trace_header
from tests.spec.process import streams

EXAMPLES = Path(__file__).resolve().parents[3] / "spec" / "document" / "examples"
NEEDS_DIALECT_1 = {"dialect-1"}
BASES = {"update-2": "update-1", "UPDATES-1": "UPDATES-0", "UPDATES-2": "UPDATES-1"}


def _all():
    found = {path.stem: path.read_bytes() for path in sorted(EXAMPLES.glob("*.nnr"))}
    for name in dir(streams):
        value = getattr(streams, name)
        if name.isupper() and name not in ("ALL", "START", "MPS", "UPDATES", "OUT_OF_BAND", "LNQ"):
            found[name] = value
    found["PERFORMANCE_MAPS"] = streams.START[0] + streams.PERFORMANCE_MAPS
    found |= {f"UPDATES-{i}": data for i, data in enumerate(streams.UPDATES)}
    return found


STREAMS = _all()


def chain(name):
    """Names of the earlier streams of the update chain, the oldest first."""
    before = BASES.get(name)
    return [] if before is None else [*chain(before), before]


def source(name):
    dialect = Dialect.NNCODEC_1 if name in NEEDS_DIALECT_1 else Dialect.NNCODEC_2
    return Source(STREAMS[name], [STREAMS[base] for base in chain(name)], dialect)


def traced(one, wanted=None, selection=None, *, payloads=True):
    """(events, error) of a source."""
    events = []
    wanted = wanted or Wanted()
    events.append(trace_header(one, "in.nnr", "nncodec-2.x", wanted))
    reporter = PayloadReporter(events.append, wanted) if payloads else None
    error = trace(one, selection or Selection(), events.append, reporter)
    return events, error


@functools.cache
def whole(name):
    """All events of a sample; not to be changed."""
    return traced(source(name))[0]


def only(events, kind):
    return [event for event in events if event["event"] == kind]


def state_behind(names):
    """What an update chain has left behind the streams of these names."""
    state = UpdateState()
    for name in names:
        decode_stream(STREAMS[name], state=state)
    return state
