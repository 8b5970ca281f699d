"""What a decoder in Python has to be: a function from a request to tensors.

def decode(request: Request) -> dict[str, numpy.ndarray]:
return mydec.decode(request.stream)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nnref.conformance.runner.case import Tensors
from nnref.spec.tables.enums import Dialect


class RefusedError(Exception):
    """What an adapter raises when its decoder refuses the stream; a NnrError does as well.

    `rule` is the id of the broken rule, for those who know it.
    """

    def __init__(self, text: str, rule: str = "") -> None:
        self.rule = rule
        super().__init__(text)


class NotPossibleError(Exception):
    """What an adapter raises when there is no way to hand its decoder the case: it is not run."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an adapter is given.

    `bases` are the earlier streams of an update chain; with `semantics` the tensors of the whole
    chain are asked for. `out_of_band` holds by tensor name what the stream leaves out,
    `limits` those of clause 8.3 that differ from the usual ones. `as_coded` is False where the
    members of blocks are to be composed (clause 10.6).
    """

    stream: bytes
    bases: tuple[bytes, ...] = ()
    semantics: str | None = None
    as_coded: bool = True
    out_of_band: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    dialect: Dialect = Dialect.NNCODEC_2


Adapter = Callable[[Request], Tensors]
"""Decodes a stream to arrays by name. Raises RefusedError or NnrError to refuse it, and
NotPossibleError where it cannot be asked; any other exception is a crash."""
