"""Which streams of the conformance suite carry an element."""

import json
from functools import cache
from importlib.resources import files

from nnref.spec.errors import refusal

INDEX = "elements.json"
"""A resource of `nnref.conformance.suite`: {"elements": {name: [stream id, ...]}}."""


@cache
def _index() -> dict[str, list[str]]:
    resource = files("nnref.conformance.suite").joinpath(INDEX)
    if not resource.is_file():
        return {}
    try:
        found: dict[str, list[str]] = json.loads(resource.read_text(encoding="utf-8"))["elements"]
    except (ValueError, KeyError, TypeError) as error:
        raise refusal("file-format", f"{INDEX} of nnref.conformance.suite: {error}") from error
    return found


def streams_with(element: str) -> tuple[str, ...]:
    """Ids of the streams that carry `element`; none without the suite's index.

    Raises FileError (file-format) when the index cannot be read.
    """
    return tuple(_index().get(element, ()))
