"""A decoder in Python, in a process of its own: `python -m nnref.conformance.runner.worker`.

Standard input gives the adapter as `module:function`, then one request per line. A request is a
JSON object with the files of one case; the reply says `decoded` (the tensors are then in the file
`out`), `refused`, `crashed` or `not run`. What the adapter prints goes to standard error.
"""

import json
import os
import resource
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from nnref.codec.model import TensorInfo, create_model
from nnref.conformance.runner.adapter import (
    Adapter,
    NotPossibleError,
    RefusedError,
    Request,
)
from nnref.conformance.runner.case import Tensors
from nnref.conformance.runner.process import address_space
from nnref.spec.errors import NnrError
from nnref.spec.tables.enums import Dialect


def load_adapter(name: str) -> Adapter:
    """The function `module:function`. Raises ValueError when there is none."""
    module, _, function = name.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        adapter: Adapter = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error
    return adapter


def answer(adapter: Adapter, request: dict[str, Any]) -> dict[str, str]:
    """Decode one case; its tensors are written to the file it names."""
    _limit_memory(request["memory"])
    try:
        tensors = adapter(_request(request))
    except (RefusedError, NnrError) as refused:
        return {"ending": "refused", "text": str(refused)}
    except NotPossibleError as reason:
        return {"ending": "not run", "text": str(reason)}
    except Exception as error:
        traceback.print_exc()
        return {"ending": "crashed", "text": f"{type(error).__name__}: {error}"}
    try:
        _write(request["out"], tensors)
    except Exception as error:
        return {"ending": "decoded", "text": f"{type(error).__name__}: {error}"}
    return {"ending": "decoded", "text": ""}


def _request(values: dict[str, Any]) -> Request:
    return Request(
        Path(values["stream"]).read_bytes(),
        tuple(Path(base).read_bytes() for base in values["bases"]),
        values["semantics"],
        values["as_coded"],
        values["out_of_band"],
        values["limits"],
        Dialect(values["dialect"]),
    )


def _write(path: str, tensors: Tensors) -> None:
    infos = {name: TensorInfo.of(array) for name, array in tensors.items()}
    with create_model(path, infos) as sink:
        for name, array in tensors.items():
            sink.write(name, array)
        sink.commit()


def _limit_memory(memory: int) -> None:
    """Leave room for `memory` bytes more than what is in use."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = address_space() + memory
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def main() -> None:
    """Serve until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        adapter = load_adapter(sys.stdin.readline().strip())
    except ValueError as error:
        print(json.dumps({"ending": "unavailable", "text": str(error)}), file=replies, flush=True)
        return
    print(json.dumps({"ending": "ready", "text": ""}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(adapter, json.loads(line))), file=replies, flush=True)


if __name__ == "__main__":
    main()
