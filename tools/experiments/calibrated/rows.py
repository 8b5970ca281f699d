"""The rows of the experiment: names, and the settings whose best one counts at every distance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Final

from nnref.codec import encode
from nnref.conformance.interop.client import Peer
from nnref.tools.bench.equal_quality import PEER_SETTINGS, joint_qp
from nnref.tools.bench.workload import Tensors
from nnref.tools.experiments.calibrated.outcome import Outcome, Row
from nnref.tools.experiments.calibrated.scalar import (
    Scalar,
    blocks_q4,
    blocks_q8,
    rows_of_integers,
)
from nnref.tools.experiments.rows import PeerSettings

CALIBRATED, CALIBRATED_UNIFORM = "calibrated DQ", "calibrated uniform"
DEFAULT, LNQ = "nnref default", "LNQ published"
PEER_URQ, PEER_DQ, PEER_SCALING = "NNCodec URQ", "NNCodec best DQ", "NNCodec local scaling"
INTEGERS = ("int8 + zstd", "int4 + zstd")
BLOCKS = ("GGUF Q8_0", "GGUF Q4_0")

Calibrations = Callable[[int], Path]
"""The calibration file of a seed, made when it is first asked for."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a row."""

    name: str
    row: Row
    seed: int | None = None
    """Of the calibration inputs."""
    single: bool = False
    """Whether there is one point, whatever the quality."""


@dataclass(frozen=True, slots=True)
class Own:
    """nnref with these options."""

    options: Mapping[str, Any] = field(default_factory=dict)
    calibration: Callable[[], Path] | None = None

    def code(self, model: Tensors, quality: float) -> Outcome:
        """`quality` is the SQNR of weights, or of outputs. Raises UsageError."""
        path = self.calibration() if self.calibration is not None else None
        return Outcome.of_stream(
            model, encode(model, sqnr=quality, calibration=path, **self.options)
        )


@dataclass(frozen=True, slots=True)
class PeerRow:
    """NNCodec: all weights at one SQNR, or all of them together with one step."""

    peer: Peer
    options: Mapping[str, Any]
    each: bool

    def code(self, model: Tensors, quality: float) -> Outcome:
        """Raises PeerError."""
        if self.each:
            stream = PeerSettings(self.peer, self.options).code(model, quality).stream
        else:
            given = {"qp": joint_qp(model, quality), "profile": 1, **self.options}
            stream = self.peer.compress(model, given)
        return Outcome.of_stream(model, stream)


_LNQ: Final = {"dq": False, "rd_lambda": 0, "lnq": "published"}
_URQ: Final = {"use_dq": False, "param_opt": True, "lambda_scale": 0.0}
_STEPS: Final = {"one step": False, "one SQNR": True}


def own_settings(row: str, calibrations: Calibrations, seeds: Sequence[int]) -> list[Setting]:
    """The settings of a row that needs nothing but nnref."""

    def calibrated(seed: int, options: Mapping[str, Any]) -> Setting:
        return Setting("", Own(options, lambda: calibrations(seed)), seed)

    if row == CALIBRATED:
        return [calibrated(seed, {}) for seed in seeds]
    if row == CALIBRATED_UNIFORM:
        return [calibrated(seeds[0], {"dq": False})]
    quantizers = (rows_of_integers(8), rows_of_integers(4), blocks_q8, blocks_q4)
    scalar = dict(zip((*INTEGERS, *BLOCKS), quantizers, strict=True))
    if row in scalar:
        return [Setting("", Scalar(scalar[row], zstd=row in INTEGERS), single=True)]
    return [Setting("", Own(_LNQ if row == LNQ else {}))]


def peer_settings(row: str, peer: Peer) -> list[Setting]:
    """The settings of a row of NNCodec's."""
    if row == PEER_SCALING:
        return [Setting("", PeerRow(peer, {**_URQ, "use_dq": True, "lsa": True}, each=False))]
    options = PEER_SETTINGS if row == PEER_DQ else [_URQ]
    return list(_with_both_steps(peer, options))


def _with_both_steps(peer: Peer, options: Sequence[Mapping[str, Any]]) -> Iterator[Setting]:
    for given, (steps, each) in product(options, _STEPS.items()):
        words = [steps, f"lambda {given['lambda_scale']:g}"]
        words += [] if given["param_opt"] else ["no parameter search"]
        yield Setting(", ".join(words), PeerRow(peer, given, each))


OWN_ROWS: Final = (CALIBRATED, CALIBRATED_UNIFORM, DEFAULT, *INTEGERS, *BLOCKS, LNQ)
PEER_ROWS: Final = (PEER_URQ, PEER_DQ, PEER_SCALING)
SINGLE: Final = (*INTEGERS, *BLOCKS)
