"""Random models and settings: the same seed gives the same ones, whatever is run before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nnref.conformance.interop.client import Tensors
from nnref.conformance.interop.peer.frames import Array

Random = np.random.Generator


@dataclass(frozen=True)
class Settings:
    """Encoder settings that both codecs understand, under nnref's names."""

    qp: int
    nonweight_qp: int
    qp_density: int
    dq: bool
    profile: int
    scan_order: int
    cabac_unary_length_minus1: int
    row_skip: bool
    search: bool
    """Whether shift parameters are searched for."""

    def for_nnref(self) -> dict[str, Any]:
        """Keyword options of `nnref.codec.encode`."""
        return self._shared() | {
            "dq": self.dq,
            "profile": self.profile,
            "row_skip": self.row_skip,
            "shift_search": "exact" if self.search else "off",
        }

    def for_same_bytes(self) -> dict[str, Any]:
        """The same with what makes `nnref.codec.encode` write NNCodec's bytes."""
        search = "compatible" if self.search else "off"
        return self.for_nnref() | {"shift_search": search, "compatible": True}

    def for_peer(self) -> dict[str, Any]:
        """Keyword options of NNCodec's `compress`, and the profile."""
        return self._shared() | {
            "use_dq": self.dq,
            "profile": self.profile,
            "row_skipping": self.row_skip,
            "param_opt": self.search,
        }

    def _shared(self) -> dict[str, Any]:
        return {
            "qp": self.qp,
            "nonweight_qp": self.nonweight_qp,
            "qp_density": self.qp_density,
            "scan_order": self.scan_order,
            "cabac_unary_length_minus1": self.cabac_unary_length_minus1,
        }


@dataclass(frozen=True)
class Case:
    """One model with its settings. `label` identifies it in a report."""

    label: str
    tensors: Tensors
    settings: Settings

    @property
    def overflows(self) -> bool:
        """Whether some quantized parameter would leave 32 bits with the qp that is asked for."""
        return any(
            float(np.abs(tensor).max(initial=0.0)) / self._step(tensor) > 2**31 - 4
            for tensor in self.tensors.values()
            if tensor.dtype == np.float32
        )

    def _step(self, tensor: Array) -> float:
        qp = self.settings.qp if tensor.ndim > 1 else self.settings.nonweight_qp
        octave, part = divmod(qp, 2**self.settings.qp_density)
        return float((1 + part / 2**self.settings.qp_density) * 2.0**octave)


def random_case(seed: int, index: int) -> Case:
    """The model number `index` of a run: 1 to 8 tensors of 1 to 4 dimensions."""
    random = np.random.default_rng([seed, index])
    settings = random_settings(random)
    step = typical_step(settings)
    count = int(random.integers(1, 9))
    tensors = {random_name(random, i): random_tensor(random, step) for i in range(count)}
    return Case(f"model {index}", tensors, settings)


def typical_step(settings: Settings) -> float:
    """About the step of matrices."""
    return float(2.0 ** (settings.qp / 2**settings.qp_density))


def random_settings(random: Random) -> Settings:
    """Every setting is drawn on its own; both qp fit the field that carries them."""
    density = int(random.choice([0, 1, 2, 2, 2, 3, 5, 7]))
    profile = int(random.random() < 0.75)
    octaves = random.uniform(-12, 2, 2)
    qp, nonweight_qp = (int(v) for v in np.rint(octaves * 2**density))
    return Settings(
        qp=qp,
        nonweight_qp=nonweight_qp or -1,  # NNCodec takes 0 for "not given"
        qp_density=density,
        dq=bool(random.random() < 0.6),
        profile=profile,
        scan_order=int(random.choice([0, 0, 1, 2, 3, 4])),
        cabac_unary_length_minus1=int(random.choice([10, 10, 0, 1, 4, 9, 30])),
        row_skip=bool(profile and random.random() < 0.4),
        search=bool(random.random() < 0.7),
    )


_STEMS: Final = ("weight", "conv.0.weight", "bias", "层.权重", "naïve μ", "a b/c", "x" * 60)


def random_name(random: Random, position: int) -> str:
    """A name that no other position has."""
    return f"{position}.{random.choice(_STEMS)}"


def random_tensor(random: Random, step: float) -> Array:
    """A tensor of 1 to 4 dimensions whose float values are some steps large."""
    shape = _shape(random)
    if random.random() < 0.12:
        return _integers(random, shape)
    kind = _KINDS[int(random.integers(len(_KINDS)))]
    spread = step * 2.0 ** random.uniform(-3, 8)
    weights = kind(random, shape) * spread
    if len(shape) > 1 and random.random() < 0.3:
        weights[random.random(shape[0]) < 0.5] = 0.0  # something for row skipping to find
    if random.random() < 0.02:
        weights *= 2.0**30
    return np.asarray(weights, np.float32)


def _shape(random: Random) -> tuple[int, ...]:
    rank = int(random.choice([1, 2, 2, 2, 3, 4]))
    longest = (0, 300, 90, 14, 8)[rank]
    return tuple(int(n) for n in random.integers(1, longest, rank))


def _integers(random: Random, shape: tuple[int, ...]) -> Array:
    bits = int(random.choice([1, 4, 8, 16, 31]))
    return random.integers(-(2**bits), 2**bits, shape).astype(np.int32)


def _laplacian(random: Random, shape: tuple[int, ...]) -> Array:
    return random.laplace(size=shape)


def _gaussian(random: Random, shape: tuple[int, ...]) -> Array:
    return random.normal(size=shape)


def _sparse(random: Random, shape: tuple[int, ...]) -> Array:
    return random.normal(size=shape) * (random.random(shape) < 0.1)


def _constant(random: Random, shape: tuple[int, ...]) -> Array:
    return np.full(shape, random.normal())


def _zero(_random: Random, shape: tuple[int, ...]) -> Array:
    return np.zeros(shape)


def _outliers(random: Random, shape: tuple[int, ...]) -> Array:
    return random.laplace(size=shape) * np.where(random.random(shape) < 0.02, 1e4, 1.0)


def _positive(random: Random, shape: tuple[int, ...]) -> Array:
    return np.abs(random.normal(size=shape))


_KINDS: Final[tuple[Callable[[Random, tuple[int, ...]], Array], ...]] = (
    _laplacian,
    _laplacian,
    _gaussian,
    _sparse,
    _constant,
    _zero,
    _outliers,
    _positive,
)
