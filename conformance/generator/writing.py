"""Putting the suite into a folder: streams, sheets, expected tensors."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from nnref.codec.model import TensorInfo, safetensors_header
from nnref.codec.model.tensors import ITEM_BYTES
from nnref.conformance.generator.building import build, copied
from nnref.conformance.generator.case import Case
from nnref.conformance.generator.expectation import Expectation, expectation
from nnref.conformance.generator.fault import Broken, FaultCase, break_case
from nnref.conformance.generator.output import Output
from nnref.conformance.generator.sums import sum_of_chain
from nnref.conformance.suite import (
    INVALID,
    Budget,
    Expected,
    ExpectedTensor,
    Options,
    Sheet,
    StreamFile,
    sheet_to_json,
)
from nnref.spec.process import UpdateState

MEMORY: Final = 256 << 20
SECONDS: Final = 10
"""The budget of every case: generous for a tensor of a few weights, nothing for a bomb."""
ELEMENTS: Final = "elements.json"
MOST_STREAMS: Final = 5
"""Streams that are listed for an element."""
BROKEN: Final = "invalid"
"""The group of invalid cases."""

Files = dict[str, bytes]
"""Contents by path in the folder of the suite."""


@dataclass(frozen=True, slots=True)
class Made:
    """A case with its stream and what decoding gives; `state` is what it leaves."""

    case: Case
    data: bytes
    own: Expectation
    """Of the stream alone."""
    expected: Expectation
    state: UpdateState
    chain: tuple[str, ...]


def make_all(cases: Iterable[Case]) -> dict[str, Made]:
    """Every case by id, in order; the base of an update comes before it.

    Raises ValueError for an id used twice, Refused for a valid case that does not decode.
    """
    made: dict[str, Made] = {}
    for case in cases:
        if case.id in made:
            raise ValueError(f"two cases are named {case.id}")
        made[case.id] = make(case, made)
    return made


def make(case: Case, earlier: dict[str, Made]) -> Made:
    """Build and decode one case."""
    base = earlier[case.description.after] if case.description.after else None
    before = base.state if base else UpdateState()
    data = build(case.description, before)
    after = copied(before)
    chain = (*base.chain, base.case.id) if base else ()
    own = expected = expectation(case, data, after)
    if case.semantics is not None:
        streams = [*(earlier[one].own for one in chain), own]
        total = sum_of_chain(
            [one.outputs for one in streams], [one.complete for one in streams], case.semantics
        )
        expected = replace(own, outputs=total)
    return Made(case, data, own, expected, after, chain)


def suite_files(cases: Iterable[Case], faults: Iterable[FaultCase] = ()) -> Files:
    """Every file of the suite.

    Raises ValueError for an invalid case that does not break the rule that it names.
    """
    made = make_all(cases)
    files: Files = {}
    for one in made.values():
        files |= case_files(sheet_of(one), one.data, one.expected)
    for fault in faults:
        parent = made[fault.parent]
        before = made[parent.chain[-1]].state if parent.chain else UpdateState()
        broken = break_case(fault, parent.case, parent.data, before)
        files |= case_files(broken_sheet(broken, parent), broken.data, broken.expected)
    files[ELEMENTS] = elements_index(made.values())
    return files


def elements_index(made: Iterable[Made]) -> bytes:
    """For each element the ids of the smallest streams that carry it, smallest first."""
    found: dict[str, list[str]] = {}
    for one in sorted(made, key=lambda one: (len(one.data), one.case.id)):
        for name in one.own.elements:
            found.setdefault(name, []).append(one.case.id)
    smallest = {name: ids[:MOST_STREAMS] for name, ids in sorted(found.items())}
    return (json.dumps({"elements": smallest}, indent=1) + "\n").encode()


def case_files(sheet: Sheet, data: bytes, expected: Expectation | None) -> Files:
    """Stream, sheet and expected tensors of one case."""
    files = {
        f"{sheet.group}/{sheet.stream.file}": data,
        f"{sheet.group}/{sheet.id}.json": sheet_text(sheet),
    }
    if sheet.expected is not None and expected is not None:
        files[f"{sheet.group}/{sheet.expected.file}"] = safetensors(expected.outputs)
    return files


def sheet_of(made: Made) -> Sheet:
    """The sheet of a case."""
    case, expected = made.case, made.expected
    return Sheet(
        id=case.id,
        group=case.group,
        title=case.description.title,
        description=case.purpose,
        kind=case.kind,
        clauses=case.clauses,
        features=expected.features,
        profile=expected.profile,
        edition=2 if expected.profile == 1 else 1,
        dialect=case.description.dialect.label,
        decisions=case.decisions,
        stream=stream_file(case.id, made.data),
        budget=Budget(MEMORY, SECONDS),
        options=Options(
            out_of_band=case.description.out_of_band,
            chain=made.chain,
            semantics=case.semantics,
            as_coded=case.as_coded,
            limits=case.limits,
        ),
        expected=_expected(case.id, expected),
    )


def broken_sheet(broken: Broken, parent: Made) -> Sheet:
    """The sheet of an invalid case: that of its parent with another stream, and its fault."""
    case, valid = broken.case, sheet_of(parent)
    clauses = (broken.fault.clause,)
    return replace(
        valid,
        id=case.id,
        group=BROKEN,
        title=case.title,
        description=case.purpose,
        kind=INVALID,
        clauses=clauses,
        decisions=(),
        stream=stream_file(case.id, broken.data),
        options=replace(valid.options, limits=case.limits),
        expected=_expected(case.id, broken.expected) if broken.expected else None,
        fault=broken.fault,
    )


def _expected(name: str, expected: Expectation) -> Expected:
    return Expected(
        f"{name}.safetensors",
        tuple(_expected_tensor(output) for output in expected.outputs),
        expected.levels,
        expected.coder_states,
        expected.findings,
    )


def stream_file(name: str, data: bytes) -> StreamFile:
    """What a sheet says of its stream."""
    return StreamFile(f"{name}.nnr", len(data), sha256(data).hexdigest())


def _expected_tensor(output: Output) -> ExpectedTensor:
    digest = sha256(output.data).hexdigest()
    return ExpectedTensor(output.name, output.dtype, output.shape, digest)


def sheet_text(sheet: Sheet) -> bytes:
    """A sheet as it is on disk."""
    text = json.dumps(sheet_to_json(sheet), indent=1, ensure_ascii=False)
    return f"{text}\n".encode()


def safetensors(outputs: Sequence[Output]) -> bytes:
    """The tensors as a safetensors file; types that it does not know are bytes."""
    infos = {output.name: _info(output) for output in outputs}
    slots = safetensors_header.layout(infos)
    by_name = {output.name: output.data for output in outputs}
    in_place = sorted(slots, key=lambda name: slots[name].begin)
    return safetensors_header.build(slots, {}) + b"".join(by_name[name] for name in in_place)


def _info(output: Output) -> TensorInfo:
    known = output.dtype in ITEM_BYTES
    return TensorInfo(output.dtype if known else "uint8", output.shape)


def write_suite(cases: Iterable[Case], faults: Iterable[FaultCase], folder: Path) -> dict[str, int]:
    """Put the suite into `folder`; returns the numbers of its cases and bytes.

    Files of cases that are gone are removed: those of the three kinds in folders of groups.
    """
    files = suite_files(cases, faults)
    for old in folder.glob("*/*"):
        if old.suffix in (".nnr", ".json", ".safetensors") and _name(old, folder) not in files:
            old.unlink()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    number = sum(name.endswith(".json") for name in files if name != ELEMENTS)
    return {"cases": number, "bytes": sum(map(len, files.values()))}


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()
