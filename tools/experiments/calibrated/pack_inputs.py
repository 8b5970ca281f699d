"""Inputs of a data pack: the two parts of a file, and how networks are given them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Prepare = Callable[["Stored"], Array]
Vary = Callable[[Array, np.random.Generator], Array]

_CALIBRATION, _OF = 2, 5
"""So many inputs of so many are for calibration."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The arrays of a file of inputs; those whose first dimension is that of `x` go with them."""

    arrays: Mapping[str, Array]

    @classmethod
    def read(cls, path: Path) -> Self:
        """All arrays of an .npz file."""
        with np.load(path) as file:
            return cls({name: file[name] for name in file.files})

    def __len__(self) -> int:
        known = ("x", "deg", "tokens", "y", "logits")
        return len(next(self.arrays[name] for name in known if name in self.arrays))

    def part(self, *, test: bool) -> Self:
        """The inputs for the test, or those for calibration."""
        size = len(self)
        chosen = (np.arange(size) % _OF >= _CALIBRATION) == test
        kept = {name: a[chosen] for name, a in self.arrays.items() if a.shape[:1] == (size,)}
        if "jpeg" in self.arrays:
            kept |= _pictures_of(self.arrays, np.flatnonzero(chosen))
        return type(self)(kept)


def _pictures_of(arrays: Mapping[str, Array], chosen: Array) -> dict[str, Array]:
    """Files one behind the other, and where each begins and the last ends."""
    bounds = arrays["offset"]
    files = [arrays["jpeg"][bounds[each] : bounds[each + 1]] for each in chosen]
    ends = np.cumsum([0, *(len(file) for file in files)])
    return {"jpeg": np.concatenate(files), "offset": ends.astype(np.int64)}


@dataclass(frozen=True, slots=True)
class Task:
    """How the networks of a task are given inputs."""

    things: str
    drawn: str
    """In words, how many a calibration draws and what it does to them."""
    number: int
    """Of inputs that a calibration draws."""
    prepare: Prepare
    """All inputs, or all tokens with their rows' lengths in `lengths`."""
    vary: Vary | None = None
    regression: bool = False
    ragged: bool = False
    """Whether rows have lengths of their own, and their last element is only predicted."""
    window: int = 0
    """Elements of a row that a calibration takes where rows are ragged."""
    beside: tuple[str, ...] = ()
    """Files of the evaluator that are split like the inputs."""

    def draw(self, pool: Stored, random: np.random.Generator) -> Array:
        """Inputs for a calibration."""
        inputs = self.prepare(pool)
        again = self.vary is not None or self.ragged
        chosen = random.choice(
            len(inputs), self.number, replace=again and self.number > len(inputs)
        )
        if self.ragged:
            lengths = pool.arrays["length"][chosen].astype(np.int64)
            starts = random.integers(0, lengths - self.window, endpoint=True)
            rows = zip(chosen, starts, strict=True)
            return np.stack([inputs[row, start : start + self.window] for row, start in rows])
        drawn = inputs[chosen]
        return drawn if self.vary is None else self.vary(drawn, random)

    def batches(self, test: Stored, size: int) -> Iterator[Array]:
        """All inputs of a test; of ragged rows one at a time."""
        inputs = self.prepare(test)
        if self.ragged:
            for row, length in zip(inputs, test.arrays["length"].astype(np.int64), strict=True):
                yield row[None, : length - 1]
        else:
            for start in range(0, len(inputs), size):
                yield inputs[start : start + size]


def _scaled(mean: Any, deviation: Any) -> Prepare:
    """Pictures [n, height, width, channels] of bytes as [n, channels, height, width]."""

    def prepare(stored: Stored) -> Array:
        pictures = (stored.arrays["x"] / np.float32(255) - np.float32(mean)) / np.float32(deviation)
        return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)

    return prepare


def _decoded(stored: Stored) -> Array:
    """JPEG files as [n, channels, height, width] in -1..1."""
    from PIL import Image  # noqa: PLC0415  only for this task

    data, bounds = stored.arrays["jpeg"].tobytes(), stored.arrays["offset"]
    files = (data[start:stop] for start, stop in pairwise(bounds))
    pictures = np.stack([np.asarray(Image.open(BytesIO(file))) for file in files])
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2) / np.float32(127.5) - 1, np.float32)


def _mirrored(pictures: Array, random: np.random.Generator) -> Array:
    """Each with even odds from left to right."""
    chosen = random.random(len(pictures)) < 0.5
    return np.where(chosen[:, None, None, None], pictures[..., ::-1], pictures)


def _rolled(sounds: Array, random: np.random.Generator) -> Array:
    """Each shifted in time, its end coming first."""
    shifts = random.integers(0, sounds.shape[-1], len(sounds))
    return np.stack([np.roll(each, by, -1) for each, by in zip(sounds, shifts, strict=True)])


def _shifted(pictures: Array, random: np.random.Generator) -> Array:
    """Each by up to one row and one column, around the edges."""
    shifts = random.integers(-1, 2, (len(pictures), 2))
    return np.stack([np.roll(each, by, (0, 1)) for each, by in zip(pictures, shifts, strict=True)])


def _delayed(clips: Array, random: np.random.Generator) -> Array:
    """Clips [n, frames, features], each by up to two frames either way, its end repeated."""
    frames = np.arange(clips.shape[1])
    delays = random.integers(-2, 3, len(clips))
    places = np.clip(frames + delays[:, None], 0, len(frames) - 1)
    return np.take_along_axis(clips, places[:, :, None], 1)


def _shifted_and_mirrored(pictures: Array, random: np.random.Generator) -> Array:
    """Pictures [n, channels, height, width], each by up to two pixels, then mirrored or not."""
    shifts = random.integers(-2, 3, (len(pictures), 2))
    moved = [np.roll(each, by, (1, 2)) for each, by in zip(pictures, shifts, strict=True)]
    return _mirrored(np.stack(moved), random)


def _cropped(pictures: Array, random: np.random.Generator) -> Array:
    """64 x 64 pixels of each, on the grid of JPEG blocks, mirrored with even odds."""
    places = random.integers(0, (pictures.shape[-1] - 64) // 8 + 1, (len(pictures), 2)) * 8
    crops = [
        picture[:, top : top + 64, left : left + 64]
        for picture, (top, left) in zip(pictures, places, strict=True)
    ]
    return _mirrored(np.stack(crops), random)


_FLIPS: Final = ", each mirrored with even odds,"
CIFAR_RESNET: Final = Task(
    "pictures",
    f"256 drawn{_FLIPS}",
    256,
    _scaled([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    _mirrored,
)
CIFAR_BOTTLENECK: Final = Task(
    "pictures",
    f"256 drawn{_FLIPS}",
    256,
    _scaled([0.507, 0.487, 0.441], [0.267, 0.256, 0.276]),
    _mirrored,
    beside=("resnet56b_reference",),
)
CIFAR_VGG: Final = Task(
    "pictures",
    "1024 drawn with repetition, each shifted by up to two pixels and mirrored with even odds,",
    1024,
    _scaled(np.array([125.3, 123.0, 113.9]) / 255, np.array([63.0, 62.1, 66.7]) / 255),
    _shifted_and_mirrored,
)
PICTURES: Final = Task("pictures", f"64 drawn{_FLIPS}", 64, _decoded, _mirrored)
DIGITS: Final = Task(
    "pictures",
    "2048 drawn with repetition, each shifted by up to one pixel,",
    2048,
    lambda stored: ((stored.arrays["x"] / np.float32(255) - 0.1307) / 0.3081).astype(np.float32),
    _shifted,
)
SOUNDS: Final = Task(
    "clips",
    "256 drawn with repetition, each rolled in time by a random shift,",
    256,
    lambda stored: (stored.arrays["x"][:, None] / np.float32(45) - 111 / 45).astype(np.float32),
    _rolled,
)
KEYWORDS_DENSE: Final = Task(
    "clips",
    "2048 drawn with repetition, each delayed by up to two frames,",
    2048,
    lambda stored: stored.arrays["x"].astype(np.float32),
    _delayed,
)
KEYWORDS: Final = replace(
    KEYWORDS_DENSE, drawn="256 drawn, each delayed by up to two frames,", number=256
)
RESTORATION: Final = Task(
    "pictures",
    "64 crops of 64 x 64 drawn",
    64,
    lambda stored: stored.arrays["deg"][:, None].astype(np.float32) / 255,
    _cropped,
    regression=True,
)
TEXT: Final = Task(
    "texts",
    "128 windows of 128 tokens drawn with repetition where there are fewer",
    128,
    lambda stored: stored.arrays["tokens"].astype(np.int64),
    ragged=True,
    window=128,
)
