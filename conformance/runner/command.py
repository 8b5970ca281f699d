"""A decoder that is a program: one process for every stream."""

import shlex
from dataclasses import dataclass
from typing import Final

from nnref.conformance.runner.case import Case
from nnref.conformance.runner.endings import ending_of
from nnref.conformance.runner.launcher import NOT_STARTED
from nnref.conformance.runner.outcome import Ending, Outcome
from nnref.conformance.runner.outputs import UnreadableError, read_output
from nnref.conformance.runner.process import Ended, run_program
from nnref.conformance.runner.workspace import Workspace, workspace
from nnref.spec.errors import refusal
from nnref.spec.tables.enums import Dialect

REQUIRED: Final = ("{stream}", "{out}")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a decoder may take on top of the budget of a case: to start, to load its libraries."""

    memory: int = 2 << 30
    """Bytes of address space."""
    seconds: float = 10.0


class CommandDecoder:
    """A command line in which `{stream}` and `{out}` stand for files.

    The other placeholders are for cases that need more than a stream; a command without them is
    not run on those. `{bases}` stands for the earlier streams of an update chain: the word it is
    in is repeated for each, so that `--base={bases}` gives `--base=A --base=B`. `{limits}` is
    repeated in the same way for NAME=N. `{out_of_band}` is a JSON file, `{dialect}` nncodec-2.x or
    nncodec-1.0, `{semantics}` cumulative or non-cumulative, `{form}` coded or composed (clause
    10.6); a command without `{form}` hands out the tensors as coded.

    Raises UsageError setting-unknown for a template without `{stream}` or `{out}`.
    """

    def __init__(
        self, template: str, file_format: str = "safetensors", allowance: Allowance | None = None
    ) -> None:
        self.name = template
        self._words = shlex.split(template)
        self._file_format = file_format
        self._allowance = allowance or Allowance()
        for placeholder in REQUIRED:
            if not self._has(placeholder):
                detail = f"{template!r} has no {placeholder}: 'mydec {{stream}} {{out}}'"
                raise refusal("setting-unknown", detail)

    def decode(self, case: Case) -> Outcome:
        """Run the program. Raises FileError file-not-found when there is no such program."""
        missing = self._missing(case)
        if missing:
            text = f"the command has no place for {', '.join(missing)}"
            return Outcome(Ending.NOT_RUN, text=text)
        with workspace(case, self._file_format) as files:
            ended = run_program(
                self._command(case, files),
                memory=case.budget.memory_bytes + self._allowance.memory,
                seconds=case.budget.seconds + self._allowance.seconds,
                folder=files.folder,
            )
            return self._outcome(ended, files)

    def close(self) -> None:
        """Nothing is left running."""

    def _missing(self, case: Case) -> list[str]:
        """The placeholders that the command would need."""
        needs = {
            "{bases}": bool(case.bases),
            "{out_of_band}": bool(case.out_of_band),
            "{dialect}": case.dialect != Dialect.NNCODEC_2,
            "{semantics}": case.semantics is not None,
            "{form}": not case.as_coded,
            "{limits}": bool(case.limits),
        }
        return [name for name, needed in needs.items() if needed and not self._has(name)]

    def _outcome(self, ended: Ended, files: Workspace) -> Outcome:
        ending, text = ending_of(ended)
        if ended.status == NOT_STARTED:
            raise refusal("file-not-found", text)
        found = Outcome(ending, text=text, file_format=self._file_format, seconds=ended.seconds)
        return found if ending != Ending.DECODED else with_output(found, files)

    def _has(self, placeholder: str) -> bool:
        return any(placeholder in word for word in self._words)

    def _command(self, case: Case, files: Workspace) -> list[str]:
        repeated = {
            "{bases}": [str(base) for base in files.bases],
            "{limits}": [f"{name}={value}" for name, value in case.limits.items()],
        }
        values = {
            "{stream}": str(files.stream),
            "{out}": str(files.out),
            "{out_of_band}": str(files.out_of_band),
            "{dialect}": case.dialect.label,
            "{semantics}": case.semantics or "cumulative",
            "{form}": "coded" if case.as_coded else "composed",
        }
        words = self._words
        for placeholder, several in repeated.items():
            words = [one for word in words for one in _each(word, placeholder, several)]
        for placeholder, value in values.items():
            words = [word.replace(placeholder, value) for word in words]
        return words


def _each(word: str, placeholder: str, values: list[str]) -> list[str]:
    """The word once for every value of a placeholder that it holds."""
    return [word.replace(placeholder, one) for one in values] if placeholder in word else [word]


def with_output(outcome: Outcome, files: Workspace) -> Outcome:
    """The outcome of a run that says it decoded, with what it wrote."""
    try:
        tensors, problem = read_output(files.out), ""
    except UnreadableError as error:
        tensors, problem = {}, str(error)
    return Outcome(
        outcome.ending, tensors, outcome.text, problem, outcome.file_format, outcome.seconds
    )
