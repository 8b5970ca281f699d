"""Streams that a decoder gets wrong, shrunk by elements; faults planted in copies of a decoder."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nnref.codec import encode
from nnref.conformance.kill import copy_of_decoder
from nnref.conformance.kill.trial import outcome_of
from nnref.conformance.runner import Case, Ending, Outcome, Verdict, suite_cases
from nnref.conformance.runner.fresh import request_of
from nnref.conformance.shrink import shrink
from nnref.conformance.shrink.description import described, rebuilt
from nnref.conformance.shrink.reductions import reductions, subsets
from nnref.conformance.suite import Budget, load
from nnref.spec.errors import UsageError
from nnref.spec.syntax import read_units
from nnref.spec.tables.enums import UnitType
from nnref.tools.cli import app
from tests.conformance.shrink.faulty import FAULTS

RNG = np.random.default_rng(3)
MODEL = {
    "conv.weight": RNG.normal(size=(6, 3, 3, 3)).astype(np.float32),
    "conv.bias": RNG.normal(size=6).astype(np.float32),
    "head.weight": RNG.normal(size=(9, 12)).astype(np.float32),
    "steps": np.arange(-4, 8, dtype=np.int32),
}
STREAM = encode(MODEL, qp=-14, scan_order=1)


def case_of(stream):
    return Case("test", "valid", stream, Budget(1 << 28, 5))


class Faulty:
    """A copy of the literal decoder in this process."""

    name = "faulty"

    def __init__(self, fault):
        self.copy = copy_of_decoder(FAULTS[fault])

    def decode(self, case):
        return outcome_of(self.copy, case, 1.0)


@pytest.fixture(scope="module")
def cases():
    return {case.id: case for case in suite_cases(load())}


@pytest.mark.parametrize(
    ("fault", "weights"),
    [
        ("sign-inverted", 1),
        ("remainder-suffix-length", 1),
        ("dq-upper-states", 3),
        ("step-fraction", 1),
        ("view-columns", 9),
        ("scan-block-width", 50),
        ("engine-bypass-inverted", 1),
    ],
)
def test_planted_fault_shrinks_to_one_unit_of_few_weights(fault, weights):
    shrunk = shrink(Faulty(fault), case_of(STREAM))
    units = list(read_units(shrunk.stream))
    assert [unit.nnr_unit_type for unit in units] == [
        UnitType.NNR_STR, UnitType.NNR_MPS, UnitType.NNR_NDU,
    ]  # fmt: skip
    assert np.prod(units[-1].fields["tensor_dimensions"]) <= weights
    assert shrunk.result.counts_against
    assert len(shrunk.stream) < len(STREAM) / 4
    again = Faulty(fault).decode(replace(case_of(shrunk.stream)))
    assert again.ending != Ending.DECODED or shrunk.result.verdict == Verdict.FAIL


def test_what_is_left_cannot_be_made_smaller():
    decoder = Faulty("dq-upper-states")
    shrunk = shrink(decoder, case_of(STREAM))
    assert shrink(decoder, case_of(shrunk.stream)).stream == shrunk.stream


def test_members_of_a_block_that_have_no_part_are_left_out(cases):
    shrunk = shrink(Faulty("payload-variance-before-mean"), cases["types-15-0"])
    fields = list(read_units(shrunk.stream))[-1].fields
    names = len(fields["topology_elem_id_list"])
    assert len(shrunk.stream) < len(cases["types-15-0"].stream)
    assert names in (5, 6)


def test_verdict_stays_the_same_while_shrinking():
    class Picky:
        """Crashes on dependent quantization, and is wrong about everything else."""

        name = "picky"

        def decode(self, case):
            units = [u.fields for u in read_units(case.stream) if u.nnr_unit_type == 5]
            if any(fields["dq_flag"] for fields in units):
                return Outcome(Ending.CRASHED, text="crash")
            return Outcome(Ending.DECODED)

    shrunk = shrink(Picky(), case_of(STREAM))
    assert shrunk.result.verdict == Verdict.CRASHED
    units = list(read_units(shrunk.stream))
    assert len(units) == 3
    assert units[-1].fields["dq_flag"] == 1


def test_stream_that_has_to_be_refused_shrinks_by_units_and_keeps_its_rule():
    class Lenient:
        name = "lenient"

        def decode(self, case):
            return Outcome(Ending.DECODED)

    shrunk = shrink(Lenient(), replace(case_of(STREAM[:-3])))
    assert not shrunk.elements
    assert shrunk.result.case.rule == "unit-truncated"
    assert len(shrunk.stream) < len(STREAM) / 2


def test_decoder_that_passes_leaves_nothing_to_shrink(cases):
    with pytest.raises(UsageError, match="nothing to shrink"):
        shrink(Faulty("codebook-egk-3-bits"), case_of(STREAM))


def test_runs_of_the_decoder_are_limited():
    assert shrink(Faulty("sign-inverted"), case_of(STREAM), most_tries=5).tries <= 5


def test_streams_of_the_suite_are_made_again_byte_for_byte(cases):
    cannot = {"reserved-bits", "stop-bit", "topology-without-zero"}
    valid = [case for case in cases.values() if not case.is_invalid]
    for case in valid[::7]:
        if case.id not in cannot:
            assert described(request_of(case, case.stream)) is not None, case.id


def test_reductions_are_other_streams_and_most_of_them_can_be_made():
    request = request_of(case_of(STREAM), STREAM)
    candidates = list(reductions(described(request)))
    made = [stream for one in candidates[:150] if (stream := rebuilt(one, request)) is not None]
    assert len(made) > len(candidates[:150]) / 2
    assert STREAM not in made


def test_subsets_go_from_halves_to_single_ones():
    assert list(subsets(0)) == []
    assert [list(one) for one in subsets(3)] == [[0, 1], [2], [0], [1], [2]]


def test_command_writes_the_stream_and_prints_its_listing(tmp_path, capsys):
    stream, out = tmp_path / "in.nnr", tmp_path / "out.nnr"
    stream.write_bytes(STREAM)
    adapter = ["--adapter", "tests.conformance.shrink.faulty:upper_states"]
    arguments = ["conformance", "shrink", str(stream), *adapter, "-o", str(out)]
    assert app.run(arguments) == 0
    text = capsys.readouterr().out
    assert text.startswith("nnref.assembly/1")
    assert "dq_flag" in text
    assert f"{out.stat().st_size} bytes of {len(STREAM)}" in text
    assert app.run(["conformance", "shrink", "dependent", *adapter, "-o", str(out), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["bytes"] == out.stat().st_size < content["bytes_before"]
    assert content["verdict"] == "fail"


def test_name_that_is_neither_file_nor_case_is_refused(tmp_path, capsys):
    status = app.run(
        ["conformance", "shrink", "no-such", "--adapter", "fast", "-o", str(tmp_path / "o.nnr")]
    )
    assert status == 7
    assert "neither a file nor a case" in capsys.readouterr().err
