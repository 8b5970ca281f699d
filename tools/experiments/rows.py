"""The methods that an experiment compares: a table of names, open for more."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from nnref.codec import decode
from nnref.codec.encoder.files import EncodeReport, encode_source
from nnref.codec.encoder.settings import EncodeSettings
from nnref.codec.model import open_model
from nnref.codec.parallel import workers
from nnref.codec.quantization import choose_qp
from nnref.conformance.interop.client import Peer
from nnref.tools.bench.equal_quality import PEER_SETTINGS
from nnref.tools.bench.workload import Tensors
from nnref.tools.experiments.distortion import weight_quality


@dataclass(frozen=True, slots=True)
class Coded:
    """A stream, and what nnref's encoder said of it; nothing for another's."""

    stream: bytes
    report: EncodeReport | None = None


class Method(Protocol):
    """One row: codes a model so that every weight tensor has about a quality."""

    def code(self, model: Tensors, sqnr: float) -> Coded:
        """`sqnr` in dB. Raises as the encoder does."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """nnref with these settings."""

    options: Mapping[str, Any]

    def code(self, model: Tensors, sqnr: float) -> Coded:
        """Every tensor reaches the SQNR. Raises UsageError."""
        settings = EncodeSettings.from_options(None, {"sqnr": sqnr, **self.options})
        with open_model(model) as source, workers(None, None) as these:
            return Coded(*encode_source(source, settings, these))


@dataclass(frozen=True, slots=True)
class PeerSettings:
    """NNCodec with these options; the nearest qp for every tensor, its own one for the others."""

    peer: Peer
    options: Mapping[str, Any] = field(default_factory=dict)

    def code(self, model: Tensors, sqnr: float) -> Coded:
        """Raises PeerError."""
        dq = bool(self.options["use_dq"])
        qps = {
            name: choose_qp(tensor, sqnr_db=sqnr, qp_density=2, dq_flag=dq)
            for name, tensor in model.items()
            if tensor.ndim > 1
        }
        given = {"qp_per_tensor": qps, "profile": 1, **self.options}
        return Coded(self.peer.compress(model, given))


@dataclass(frozen=True, slots=True)
class DeepCompression:
    """Clause 15.6 with the fewest bits for the indices of all layers."""

    most_bits: int = 8

    def code(self, model: Tensors, sqnr: float) -> Coded:
        """All weights together reach the SQNR, or the most bits are taken. Raises UsageError."""
        coded: dict[int, Coded] = {}

        def quality(bits: int) -> float:
            coded[bits] = _deep_compression(model, sqnr, bits)
            return weight_quality(model, decode(coded[bits].stream))

        bits = 1 + bisect_left(range(1, self.most_bits), sqnr, key=quality)
        return coded.get(bits) or _deep_compression(model, sqnr, bits)


def _deep_compression(model: Tensors, sqnr: float, bits: int) -> Coded:
    """The SQNR is that of tensors that are not weights."""
    return Settings({"method": "deep-compression", "shared_bits": bits}).code(model, sqnr)


URQ, RDOQ, DQ, CODEBOOK = "URQ", "RDOQ", "DQ", "codebook"
PUBLISHED, PUBLISHED_RDOQ = "LNQ published", "LNQ published, RDOQ"
CLASSES, BEST = "LNQ classes", "LNQ best"
DEEP_COMPRESSION = "Deep Compression"
PEER_URQ, PEER_DQ = "NNCodec URQ", "NNCodec DQ"

OWN: Final[Mapping[str, Method]] = {
    URQ: Settings({"dq": False, "rd_lambda": 0}),
    RDOQ: Settings({"dq": False}),
    DQ: Settings({}),
    CODEBOOK: Settings({"dq": False, "codebook": "auto"}),
    PUBLISHED: Settings({"dq": False, "rd_lambda": 0, "lnq": "published"}),
    PUBLISHED_RDOQ: Settings({"dq": False, "lnq": "published"}),
    CLASSES: Settings({"lnq": "class"}),
    BEST: Settings({"lnq": "auto"}),
    DEEP_COMPRESSION: DeepCompression(),
}
"""nnref's rows. DQ is the default, which leaves dependent quantization out of sparse layers where
that takes fewer bytes. Those with LNQ take it layer by layer where it saves bytes, so that none is
worse than the row it is built on."""


def methods(peer: Peer | None) -> dict[str, list[Method]]:
    """All rows; of several methods in a row the best one counts at every quality."""
    rows: dict[str, list[Method]] = {name: [method] for name, method in OWN.items()}
    if peer is not None:
        urq = {"use_dq": False, "param_opt": True, "lambda_scale": 0.0}
        rows[PEER_URQ] = [PeerSettings(peer, urq)]
        rows[PEER_DQ] = [PeerSettings(peer, options) for options in PEER_SETTINGS]
    return rows
