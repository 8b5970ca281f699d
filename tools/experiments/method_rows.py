"""The methods of the field as rows of one table, each at several settings of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nnref.conformance.interop.client import Peer
from nnref.tools.bench.workload import Tensors
from nnref.tools.experiments.rows import BEST, CODEBOOK, DQ, OWN, URQ, Coded, Method, Settings
from nnref.tools.experiments.rows import methods as quantizer_rows

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of a row."""

    words: str
    """The setting as the table shows it."""
    method: Method
    sqnr: float
    """dB, for methods that take a quality."""

    def code(self, model: Tensors) -> Coded:
        """Raises as the encoders do."""
        return self.method.code(model, self.sqnr)


QUALITIES: Final = (6.0, 9.0, 12.0, 16.0, 20.0, 26.0)
"""dB of every weight tensor."""
_SPARSITIES: Final = (0.3, 0.6)


def _at_qualities(method: Method) -> list[Setting]:
    return [Setting(f"{sqnr:g} dB", method, sqnr) for sqnr in QUALITIES]


def _pruned(sparsity: float) -> list[Setting]:
    method = Settings({"prune": sparsity})
    return [
        Setting(f"{100 * sparsity:g} %, {sqnr:g} dB", method, sqnr) for sqnr in (9.0, 12.0, 16.0)
    ]


def _shared(method: str, sparsity: float, bits: int) -> Setting:
    options = {"method": method, "prune": sparsity, "shared_bits": bits}
    return Setting(f"{100 * sparsity:g} % pruned, {bits} bits", Settings(options), 40.0)


def _at_bits(method: str) -> list[Setting]:
    return [_shared(method, sparsity, bits) for sparsity in (0.0, 0.5) for bits in (2, 3, 4, 5)]


def _kernels(part: float) -> Setting:
    options = {"method": "lowrank", "kernel_rank": part}
    return Setting(f"{100 * part:g} % of the numbers", Settings(options), 20.0)


def _video(qp: int) -> Setting:
    return Setting(f"QP {qp}", Settings({"method": "video", "video_qp": qp}), 40.0)


def _templates(count: int) -> Setting:
    options = {"method": "templates", "templates": count, "template_residual": False}
    return Setting(f"{count} templates", Settings(options), 16.0)


_OWN: Final[Mapping[str, Sequence[Setting]]] = {
    URQ: _at_qualities(OWN[URQ]),
    DQ: _at_qualities(OWN[DQ]),
    CODEBOOK: _at_qualities(OWN[CODEBOOK]),
    BEST: _at_qualities(OWN[BEST]),
    "pruning + DQ": [point for sparsity in _SPARSITIES for point in _pruned(sparsity)],
    "low rank + DQ": _at_qualities(Settings({"low_rank": "auto"})),
    "low-rank kernels + DQ": _at_qualities(Settings({"method": "lowrank"})),
    "low-rank kernels": [_kernels(part) for part in (0.25, 0.5, 0.75)],
    "video": [_video(qp) for qp in (12, 22, 27, 32, 37)],
    "templates": [_templates(count) for count in (16, 64, 256)],
    "templates + residual": _at_qualities(Settings({"method": "templates"})),
    "hierarchical": _at_bits("hierarchical"),
    "Deep Compression": _at_bits("deep-compression"),
    "every tool": [Setting(f"{q:g} dB", Settings({"tools": "auto"}), q) for q in QUALITIES[1::2]],
}


def method_rows(peer: Peer | None) -> dict[str, list[Setting]]:
    """All rows, in the order of the table; NNCodec's only with one."""
    rows = {name: list(settings) for name, settings in _OWN.items()}
    if peer is not None:
        theirs = {n: m for n, m in quantizer_rows(peer).items() if n not in OWN}
        for name, methods in theirs.items():
            rows[name] = [point for method in methods for point in _at_qualities(method)]
    return rows
