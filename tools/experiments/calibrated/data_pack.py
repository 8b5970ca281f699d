"""Networks of a data pack: DATA/models/NAME/model.safetensors, DATA/eval/*.npz and
DATA/eval_models.py, whose functions run the networks and measure them.

A pack has test inputs alone, so they are split: of every five, in the order of the file, the first
two are for calibration, the other three for the test. The evaluator of the pack is given files with
the test part only. A seed chooses among the calibration part and, for pictures and sounds, how they
are turned, shifted or cut.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nnref.codec.model.torch_file import import_torch
from nnref.spec.errors import refusal
from nnref.tools.bench.equal_quality import networks
from nnref.tools.calibrate.running import Inputs
from nnref.tools.experiments.calibrated import pack_inputs
from nnref.tools.experiments.calibrated.pack_inputs import Stored, Task

_BATCH: Final = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """What a pack does not say of a network by itself."""

    function: str
    """In the pack's evaluator: outputs from named weights and a batch of inputs."""
    file: str
    """Of the test inputs."""
    task: Task
    arguments: tuple[Any, ...] = ()
    """Of the function, after the batch."""


_CIFAR, _KWS = "cifar10_jpeg_test1000", "kws920_mfcc"
KINDS: Final[Mapping[str, Kind]] = {
    "lenet300_mnist": Kind("lenet300", "mnist_test3000", pack_inputs.DIGITS),
    "resnet20_cifar10": Kind("resnet_cifar", _CIFAR, pack_inputs.CIFAR_RESNET),
    "kws_dscnn_l": Kind("kws_dscnn", _KWS, pack_inputs.KEYWORDS),
    "postfilter_jpeg": Kind("plain_residual_cnn", "kodak12_jpeg10", pack_inputs.RESTORATION, (-1,)),
    "audiocnn_esc10": Kind("audio_cnn", "esc10_fold5_logmel", pack_inputs.SOUNDS),
    "stories260k": Kind("llama", "tinystories_tok512", pack_inputs.TEXT),
    "gpt_shakespeare": Kind("gpt", "shakespeare_val", pack_inputs.TEXT),
    "kws_dnn_l": Kind("kws_dnn", _KWS, pack_inputs.KEYWORDS_DENSE),
    "resnet56_cifar10": Kind("resnet_cifar", _CIFAR, pack_inputs.CIFAR_RESNET),
    "resnet56b_cifar100": Kind("resnet_bottleneck_cifar", _CIFAR, pack_inputs.CIFAR_BOTTLENECK),
    "vdsr_sr2": Kind("plain_residual_cnn", "kodak12_sr2", pack_inputs.RESTORATION, (+1,)),
    "vggfc_cifar10": Kind("vgg_fc", _CIFAR, pack_inputs.CIFAR_VGG),
    "mobilenet075_imagenet": Kind("mobilenet_v1", "imagenet_sample1000", pack_inputs.PICTURES),
}
"""The networks that are known, from the quick ones to the slow ones."""


@dataclass(frozen=True)
class PackNetwork:
    """One network of a pack."""

    name: str
    path: Path
    kind: Kind
    evaluator: ModuleType
    eval_folder: Path
    """With the test inputs of the pack."""
    test_folder: Path
    """Gets the test part of them."""

    @property
    def regression(self) -> bool:
        """Whether outputs are numbers in their own right."""
        return self.kind.task.regression

    @property
    def inputs(self) -> str:
        """In words: where inputs come from."""
        test, pool = len(self._test), len(self._pool)
        words = f"{self.kind.file}.npz: {test} {self.kind.task.things} for the test, "
        return words + f"from {pool} others {self.kind.task.drawn} for calibration"

    def module(self) -> Any:
        """The network as a torch module with nested names."""
        torch = import_torch("a network of a data pack")
        function, arguments = self._function, self.kind.arguments

        class Net(torch.nn.Module):  # type: ignore[misc, name-defined]
            def forward(self, given: Any) -> Any:
                return function(dict(self.named_parameters()), given, *arguments)

        net = Net()
        for name, value in self.evaluator.load(self.path).items():
            *path, last = name.split(".")
            inner = net
            for word in path:
                if word not in dict(inner.named_children()):
                    inner.add_module(word, torch.nn.Module())
                inner = inner.get_submodule(word)
            parameter = torch.nn.Parameter(value, requires_grad=False)
            inner.register_parameter(last, parameter)
        return net

    def calibration_inputs(self, seed: int) -> Inputs:
        """Some inputs of the calibration part."""
        return {"x": self.kind.task.draw(self._pool, np.random.default_rng(seed))}

    def outputs(self, tensors: Mapping[str, Any]) -> NDArray[np.float32]:
        """For the test part; in a restoration, what the network changes."""
        torch = import_torch("a network of a data pack")
        weights = {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
        found = []
        with torch.no_grad():
            for batch in self.kind.task.batches(self._test, _BATCH):
                given = torch.from_numpy(batch)
                out = self._function(weights, given, *self.kind.arguments)
                found.append((out - given if self.regression else out).flatten(0, -2))
        return np.asarray(torch.cat(found).numpy())

    def metrics(self, tensors: Mapping[str, Any]) -> dict[str, float]:
        """By the pack's evaluator, on the test part."""
        torch = import_torch("a network of a data pack")
        weights = {name: torch.from_numpy(np.array(value)) for name, value in tensors.items()}
        self._write_test_part()
        self.evaluator.DATA[:] = [str(self.test_folder)]
        return {
            name: float(value)
            for name, value in self.evaluator.evaluate(self.name, weights).items()
        }

    @property
    def _function(self) -> Callable[..., Any]:
        return getattr(self.evaluator, self.kind.function)  # type: ignore[no-any-return]

    @cached_property
    def _pool(self) -> Stored:
        return self._stored.part(test=False)

    @cached_property
    def _test(self) -> Stored:
        return self._stored.part(test=True)

    @cached_property
    def _stored(self) -> Stored:
        return Stored.read(self.eval_folder / f"{self.kind.file}.npz")

    def _write_test_part(self) -> None:
        """The files of the evaluator, once; those that go with the inputs are split alike."""
        for file in (self.kind.file, *self.kind.task.beside):
            path = self.test_folder / f"{file}.npz"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                arrays: dict[str, Any] = {
                    **Stored.read(self.eval_folder / path.name).part(test=True).arrays
                }
                np.savez(path, **arrays)


def data_pack(folder: Path, own: Path) -> dict[str, PackNetwork]:
    """The networks of a pack that are known here, from the quick to the slow ones.

    `own` is a folder for the test part of the inputs. Raises FileError file-not-found.
    """
    program = folder / "eval_models.py"
    if not program.is_file():
        raise refusal("file-not-found", f"{program}: no such file; see --networks")
    found = networks(folder / "models")
    evaluator = _loaded(program)
    return {
        name: PackNetwork(name, found[name], kind, evaluator, folder / "eval", own)
        for name, kind in KINDS.items()
        if name in found
    }


def _loaded(program: Path) -> ModuleType:
    """The evaluator as a module of its own, which is not entered in `sys.modules`."""
    spec = importlib.util.spec_from_file_location("nnref_data_pack_evaluator", program)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
