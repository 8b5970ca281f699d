"""Which layer a batch norm belongs to, from the names and shapes of a state dictionary alone.

A state dictionary has no graph, so this asks for evidence and leaves everything doubtful alone:

- the names agree by one convention: `bn1` and `conv1`, `conv1.bn` and `conv1.conv`, `dwbn` and
  `dw`, or neighbours in a sequence, `features.1` and `features.0`;
- exactly one layer fits the batch norm, exactly one batch norm the layer, and the layer has as
  many output channels as the batch norm has means;
- names alone do not say which of the two comes first (in pre-activation networks the batch norm
  does). In a file that keeps the order of the modules, the batch norm's tensors follow the
  layer's. In a file that is sorted by name, every pair of the convention fits the outputs and at
  least one of them could not be the batch norm of its layer's input;
- the name does not speak of a transposed convolution.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nnref.codec.model import TensorInfo
from nnref.codec.transform.pairs import DEFAULT_EPS, BatchNormPair, FoldReport, Left

Infos = Mapping[str, TensorInfo]

_NORM = re.compile(r"(?P<before>.*?)(?P<norm>batch_?norm|norm|bn)(?P<after>s?[_\d]*[a-z\d_]*)")
_LAYERS = ("conv", "linear", "lin", "dense", "fc")
_TRANSPOSED = re.compile(r"transpose|deconv|convt|upconv|up_?sample")
_MEAN = ".running_mean"
_SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class _Match:
    """A layer and a batch norm whose names agree by a convention."""

    layer: str
    batch_norm: str
    convention: str


def infer_pairs(infos: Infos, eps: float = DEFAULT_EPS) -> FoldReport:
    """The pairs that names, shapes and order of a state dictionary prove, and the batch norms left.

    `infos` are the data types and shapes of its tensors in the order of the file.
    """
    norms = [name.removesuffix(_MEAN) for name in infos if name.endswith(_MEAN)]
    found = {norm: _matches(infos, norm) for norm in norms}
    claims = Counter(match.layer for matches in found.values() for match in matches)
    doubtful = _doubtful_conventions(infos, [m for ms in found.values() for m in ms])
    pairs, left = [], []
    for norm, matches in found.items():
        reason = _objection(infos, matches, claims, doubtful)
        if reason is None:
            pairs.append(BatchNormPair(matches[0].layer, norm, eps))
        else:
            left.append(Left(norm, reason))
    return FoldReport(tuple(pairs), tuple(left))


def _matches(infos: Infos, norm: str) -> list[_Match]:
    """The layers whose names agree with the batch norm's: those of its shape, else all."""
    named = {
        layer: _Match(layer, norm, convention)
        for layer, convention in _candidates(norm)
        if (info := infos.get(f"{layer}.weight")) is not None and len(info.shape) >= 2
    }
    fitting = [match for match in named.values() if _fits(infos, match)]
    return fitting or list(named.values())


def _candidates(norm: str) -> Iterator[tuple[str, str]]:
    """Names a layer may have beside a batch norm's, with the convention."""
    *path, last = norm.split(".")
    if last.isdecimal():
        if int(last) > 0:
            yield ".".join([*path, str(int(last) - 1)]), _SEQUENCE
        if not path:
            return
        *path, holder = path
        endings = [f".{last}"]
    else:
        holder, endings = last, [""]
    parsed = _NORM.fullmatch(holder.lower())
    if parsed is None:
        return
    before, after = holder[: parsed.end("before")], holder[parsed.start("after") :]
    for ending in endings:
        for word in _LAYERS:
            name = ".".join([*path, f"{before}{word}{after}"]) + ending
            yield name, f"{parsed['norm']} of {word}"
        rest = f"{before}{after}".strip("_")
        if rest and not rest.isdecimal():
            yield ".".join([*path, rest]) + ending, f"{parsed['norm']} in the name"
        elif not rest and path and not ending:
            yield ".".join(path), f"{parsed['norm']} in the layer"


def _doubtful_conventions(infos: Infos, matches: list[_Match]) -> set[str]:
    """Conventions that some pair contradicts, or that no pair of a sorted file proves."""
    conventions = {match.convention for match in matches} - {_SEQUENCE}
    doubtful = {match.convention for match in matches if not _fits(infos, match)} - {_SEQUENCE}
    order = [name for name in infos if name.endswith((".weight", _MEAN))]
    place = {name: index for index, name in enumerate(order)}
    if order == sorted(order):
        proven = {match.convention for match in matches if _proves(infos, match)}
        doubtful |= conventions - proven
    else:
        in_front = {m for m in matches if place[m.batch_norm + _MEAN] < place[f"{m.layer}.weight"]}
        doubtful |= {match.convention for match in in_front} - {_SEQUENCE}
    return doubtful


def _fits(infos: Infos, match: _Match) -> bool:
    return infos[f"{match.layer}.weight"].shape[:1] == infos[match.batch_norm + _MEAN].shape


def _proves(infos: Infos, match: _Match) -> bool:
    """The batch norm fits the outputs and cannot be one of the inputs.

    One input channel per filter says nothing: the convolution may be depthwise.
    """
    outputs, inputs = infos[f"{match.layer}.weight"].shape[:2]
    return _fits(infos, match) and inputs not in (1, outputs)


def _objection(
    infos: Infos, matches: list[_Match], claims: Counter[str], doubtful: set[str]
) -> str | None:
    """Why a batch norm stays as it is; None when its only match is sound."""
    if not matches:
        return "no layer has a name that goes with it"
    if len(matches) > 1:
        return f"it could follow {' or '.join(repr(match.layer) for match in matches)}"
    (match,) = matches
    if claims[match.layer] > 1:
        return f"{match.layer!r} goes with {claims[match.layer]} batch norms"
    if not _fits(infos, match):
        shapes = (infos[match.batch_norm + _MEAN].shape, infos[f"{match.layer}.weight"].shape)
        return f"its shape {list(shapes[0])} is not that of the outputs of {list(shapes[1])}"
    if _TRANSPOSED.search(match.layer.lower()):
        return f"{match.layer!r} may be a transposed convolution"
    if match.convention in doubtful:
        return f"it may come before {match.layer!r}: no evidence of the order"
    return None
