"""A model whose batch norms are folded, read one tensor at a time."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import NDArray

from nnref.codec.model import ModelInput, TensorInfo, TensorSource, open_model
from nnref.codec.quantization.compose import local_scaling
from nnref.codec.transform.conventions import infer_pairs
from nnref.codec.transform.layer import Layer
from nnref.codec.transform.pairs import DEFAULT_EPS, BatchNormPair, Block, FoldReport, Form
from nnref.spec.errors import NnrError, refusal

Array = NDArray[Any]
_Entry = tuple[str, TensorInfo, Callable[[], Array]]


@dataclass(frozen=True, slots=True)
class FoldedModel:
    """Tensors with folded batch norms, which of them make a block, and what was done."""

    tensors: dict[str, Array]
    blocks: tuple[Block, ...]
    report: FoldReport

    def composed(self) -> dict[str, Array]:
        """Clause 10.6: the tensors a decoder hands out, local scaling multiplied in."""
        scaling = {block.ls: block.weight for block in self.blocks if block.ls is not None}
        composed = {name: array for name, array in self.tensors.items() if name not in scaling}
        for factors, weight in scaling.items():
            composed[weight] = local_scaling(composed[weight], self.tensors[factors])
        return composed


class FoldedSource(TensorSource):
    """A model with the batch norms of `report.pairs` folded; closing it closes the model.

    A folded layer's tensors are float32, whatever they were: the weight, with the form `scaled` its
    local scaling factors, and the bias come where the weight was. All other tensors are the
    model's; with the form `kept` all tensors are. Raises UsageError setting-conflict (pairs that
    share a layer or a batch norm), tensor-announced (a new tensor has the name of another), and
    what `Layer` raises.
    """

    def __init__(self, source: TensorSource, report: FoldReport, form: Form = "folded") -> None:
        self.report = report
        self.form = form
        self.metadata = source.metadata
        self._source = source
        _check_distinct(report.pairs)
        names = frozenset(source.names())
        self._layers = {pair.weight: Layer(source, pair, names) for pair in report.pairs}
        self._loaders: dict[str, Callable[[], Array]] = {}
        self._infos = dict(self._announced())

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks that the pairs' tensors make (clause 7.8.5).

        A transposed convolution makes none: its rows are not its outputs. Neither does, with the
        form `kept`, a batch norm without factors and offsets.
        """
        layers = [layer for layer in self._layers.values() if not layer.pair.transposed]
        if self.form == "kept":
            return tuple(self._with_batch_norm(x.pair) for x in layers if x.has_affine)
        return tuple(
            Block(
                x.pair.weight,
                bias=x.pair.bias,
                ls=x.pair.scaling if self.form == "scaled" else None,
            )
            for x in layers
        )

    def _with_batch_norm(self, pair: BatchNormPair) -> Block:
        return Block(
            pair.weight,
            bias=pair.bias if pair.bias in self._infos else None,
            bn_beta=pair.beta,
            bn_gamma=pair.gamma,
            bn_mean=pair.mean,
            bn_var=pair.var,
        )

    def _announced(self) -> Iterator[tuple[str, TensorInfo]]:
        for name, info, load in self._entries():
            if name in self._loaders:
                raise refusal("tensor-announced", "folding makes it a second time", tensor=name)
            self._loaders[name] = load
            yield name, info

    def _entries(self) -> Iterator[_Entry]:
        """Every tensor in order, with what it holds and how it is read."""
        layers = {} if self.form == "kept" else self._layers
        replaced = {
            name
            for layer in layers.values()
            for name in (layer.pair.bias, *layer.pair.norm_tensors)
        }
        for name in self._source.names():
            if name in layers:
                yield from self._folded(layers[name])
            elif name not in replaced:
                yield name, self._source.info(name), partial(self._source.read, name)

    def _folded(self, layer: Layer) -> Iterator[_Entry]:
        pair = layer.pair
        if self.form == "scaled" and not pair.transposed:
            yield pair.weight, layer.weight_info, layer.unscaled_weight
            yield pair.scaling, layer.vector_info, layer.scaling
        else:
            yield pair.weight, layer.weight_info, layer.folded_weight
        yield pair.bias, layer.vector_info, layer.bias

    def _load(self, name: str) -> Array:
        try:
            return self._loaders[name]()
        except NnrError as error:
            raise error.at(tensor=name) from None

    def close(self) -> None:
        """Closes the model."""
        self._source.close()


def fold_source(
    model: ModelInput,
    pairs: Iterable[BatchNormPair] | None = None,
    *,
    eps: float = DEFAULT_EPS,
    form: Form = "folded",
) -> FoldedSource:
    """A model with its batch norms folded, which is itself a model to read or to encode.

    Without `pairs` they are those that `infer_pairs` finds, with `eps` added to every variance.
    Raises as `open_model` and `FoldedSource` do.
    """
    source = open_model(model)
    try:
        if pairs is None:
            report = infer_pairs({name: source.info(name) for name in source.names()}, eps)
        else:
            report = FoldReport(tuple(pairs))
        return FoldedSource(source, report, form)
    except BaseException:
        source.close()
        raise


def fold_state_dict(
    tensors: Mapping[str, Any],
    pairs: Iterable[BatchNormPair] | None = None,
    eps: float = DEFAULT_EPS,
    form: Form = "folded",
) -> FoldedModel:
    """All tensors of a state dictionary (numpy arrays or torch tensors) with batch norms folded.

    See `fold_source`, which holds one tensor in memory at a time.
    """
    with fold_source(tensors, pairs, eps=eps, form=form) as source:
        folded = {name: source.read(name) for name in source.names()}
        return FoldedModel(folded, source.blocks, source.report)


def _check_distinct(pairs: Iterable[BatchNormPair]) -> None:
    modules = Counter(name for pair in pairs for name in (pair.layer, pair.batch_norm))
    for name, count in modules.items():
        if count > 1:
            raise refusal("setting-conflict", f"{count} pairs name {name!r}")
