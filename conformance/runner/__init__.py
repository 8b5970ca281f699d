"""The runner: any decoder over the conformance suite, and what it amounts to.

    from nnref.conformance.runner import CommandDecoder, run_cases, suite_cases
    from nnref.conformance.suite import load
    report = run_cases(CommandDecoder("mydec {stream} {out}"), suite_cases(load()))
    print(report.conforms, report.counts)

`endings` says how a program tells that it refuses a stream, `outputs` what it may write, `adapter`
what a decoder in Python is.
"""

from nnref.conformance.runner.adapted import AdaptedDecoder
from nnref.conformance.runner.adapter import NotPossibleError, RefusedError, Request
from nnref.conformance.runner.capabilities import Capabilities, read_capabilities
from nnref.conformance.runner.case import Case, suite_cases
from nnref.conformance.runner.command import Allowance, CommandDecoder
from nnref.conformance.runner.comparison import Difference, first_difference
from nnref.conformance.runner.fresh import fresh_cases
from nnref.conformance.runner.outcome import Decoder, Ending, Outcome
from nnref.conformance.runner.reports import write_report
from nnref.conformance.runner.run import Report, run_cases
from nnref.conformance.runner.verdict import Result, Verdict, judge

__all__ = [
    "AdaptedDecoder",
    "Allowance",
    "Capabilities",
    "Case",
    "CommandDecoder",
    "Decoder",
    "Difference",
    "Ending",
    "NotPossibleError",
    "Outcome",
    "RefusedError",
    "Report",
    "Request",
    "Result",
    "Verdict",
    "first_difference",
    "fresh_cases",
    "judge",
    "read_capabilities",
    "run_cases",
    "suite_cases",
    "write_report",
]
