"""Decoders in Python, each in a process of its own."""

import pytest

from nnref.conformance.runner import AdaptedDecoder, Allowance, Verdict, run_cases
from nnref.spec.errors import UsageError
from nnref.tools.cli.conformance.options import BUILT_IN

HERE = "tests.conformance.runner.adapters"


def verdicts(adapter, cases, *names, seconds=30.0):
    decoder = AdaptedDecoder(adapter, Allowance(seconds=seconds))
    try:
        report = run_cases(decoder, [cases[name] for name in names] or list(cases.values()))
    finally:
        decoder.close()
    return {result.case.id: (result.verdict, result.reason) for result in report.results}


@pytest.mark.parametrize("adapter", [*BUILT_IN.values(), f"{HERE}:good"])
def test_right_decoder_passes_every_case(adapter, cases):
    found = verdicts(adapter, cases)
    assert {verdict for verdict, _ in found.values()} == {Verdict.PASS}
    assert len(found) == len(cases)


def test_exception_of_an_adapter_is_a_crash_and_the_worker_goes_on(cases):
    found = verdicts(f"{HERE}:raises", cases, "matrix", "cut")
    assert [verdict for verdict, _ in found.values()] == [Verdict.CRASHED] * 2
    assert found["cut"][1] == "KeyError: 'not caught'"


def test_worker_that_dies_is_replaced(cases):
    found = verdicts(f"{HERE}:dies", cases, "matrix", "cut")
    assert [verdict for verdict, _ in found.values()] == [Verdict.CRASHED] * 2
    assert "SIGABRT" in found["matrix"][1]


def test_worker_that_hangs_is_replaced(cases):
    odd = next(name for name, case in cases.items() if len(case.stream) % 2)
    even = next(
        name for name, case in cases.items() if len(case.stream) % 2 == 0 and not case.is_invalid
    )
    found = verdicts(f"{HERE}:sleeps", cases, odd, even, seconds=4.0)
    assert found[odd][0] == Verdict.HUNG
    assert found[even][0] == Verdict.PASS


def test_tensors_that_no_file_can_hold_fail(cases):
    found = verdicts(f"{HERE}:complex_numbers", cases, "matrix")
    assert found["matrix"][0] == Verdict.FAIL
    assert "complex64" in found["matrix"][1]


def test_adapter_that_is_not_there_is_refused():
    with pytest.raises(UsageError, match="no adapter"):
        AdaptedDecoder(f"{HERE}:nothing")
