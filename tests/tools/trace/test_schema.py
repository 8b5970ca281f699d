"""Every line of every trace obeys the published schema."""

import json
from importlib.resources import files

import pytest

from nnref.tools.trace import Wanted

from .samples import STREAMS, only, source, traced
from .schema import NotValidError, validate

SCHEMA = json.loads(files("nnref.tools.trace").joinpath("trace.schema.json").read_text())


@pytest.mark.parametrize("name", STREAMS)
def test_every_line_obeys_the_schema(name):
    events, _ = traced(source(name), Wanted(checkpoints=20))
    assert events[-1]["event"] in ("end", "error")
    for event in events:
        validate(json.loads(json.dumps(event, allow_nan=False)), SCHEMA)


def test_every_kind_of_line_occurs():
    kinds = {
        event["event"]
        for name in STREAMS
        for event in traced(source(name), Wanted(checkpoints=9))[0]
    }
    assert kinds == SCHEMA["$defs"].keys() - {
        *("count", "name", "clause", "range", "offset", "dq_state", "refusal")
    }


@pytest.mark.parametrize(
    "change",
    [{"value": 2}, {"range": 255}, {"state": "0"}, {"bin": -1}, {"more": 1}, {"unit": None}],
)
def test_schema_refuses_wrong_lines(change):
    bin_ = only(traced(source("first"))[0], "bin")[20]
    validate(bin_, SCHEMA)
    with pytest.raises(NotValidError):
        validate(bin_ | change, SCHEMA)


def test_schema_demands_the_registers():
    bin_ = only(traced(source("first"))[0], "bin")[0]
    del bin_["range"]
    with pytest.raises(NotValidError):
        validate(bin_, SCHEMA)
