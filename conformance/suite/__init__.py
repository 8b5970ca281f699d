"""The conformance suite: small streams, each with a sheet that says what decoding it gives.

    from nnref.conformance.suite import load
    for sheet in load():
        print(sheet.id, sheet.kind, sheet.stream_path)

A folder per group holds, for each case, the stream (`ID.nnr`), its sheet (`ID.json`, of
`schemas/sheet.schema.json`) and the expected tensors (`ID.safetensors`). All of it is made by
`nnref conformance generate`.
"""

from nnref.conformance.suite.folder import load, suite_folder
from nnref.conformance.suite.sheets import (
    INVALID,
    LICENCE,
    MUST_SKIP,
    PERMITTED,
    REQUIRED,
    SCHEMA,
    VALID,
    Budget,
    Checkpoint,
    CoderState,
    Edit,
    Expected,
    ExpectedLevels,
    ExpectedTensor,
    Fault,
    Options,
    Sheet,
    StreamFile,
    sheet_from_json,
    sheet_to_json,
)

__all__ = [
    "INVALID",
    "LICENCE",
    "MUST_SKIP",
    "PERMITTED",
    "REQUIRED",
    "SCHEMA",
    "VALID",
    "Budget",
    "Checkpoint",
    "CoderState",
    "Edit",
    "Expected",
    "ExpectedLevels",
    "ExpectedTensor",
    "Fault",
    "Options",
    "Sheet",
    "StreamFile",
    "load",
    "sheet_from_json",
    "sheet_to_json",
    "suite_folder",
]
