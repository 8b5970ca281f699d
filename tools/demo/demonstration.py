"""The demonstration: a small trained network is encoded at three qualities, decoded and tested."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from nnref.codec import decode_file, encode_file, open_stream
from nnref.codec.model import open_model
from nnref.tools.cli.comparison import Bounds
from nnref.tools.cli.output import Progress
from nnref.tools.cli.verification import verify
from nnref.tools.demo.digits import accuracy, load_test_set

NETWORK: Final = "digits_cnn.safetensors"
QUALITIES: Final = (40, 25, 15)
"""SQNR in dB that every tensor of the network is to reach."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One quality: the files, their sizes in bytes, and what became of the network."""

    asked_sqnr: float
    stream: Path
    decoded: Path
    original_bytes: int
    stream_bytes: int
    weights: int
    lowest_sqnr: float
    """dB, of the tensor that lost most."""
    accuracy_before: float
    accuracy_after: float
    """Share of the test pictures that are recognized."""

    @property
    def bits_per_weight(self) -> float:
        """Bits of the whole stream per weight of the network."""
        return 8 * self.stream_bytes / self.weights


def demonstrate(directory: Path, progress: Progress | None = None) -> Iterator[Trial]:
    """Encode, decode, verify and test the network at every quality; files go to `directory`.

    Raises NnrError; comparison-failed when a decoded tensor misses its quality.
    """
    images, labels = load_test_set()
    with as_file(files("nnref.tools.demo") / NETWORK) as network:
        before = accuracy(_tensors(network), images, labels)
        for done, asked in enumerate(QUALITIES):
            if progress is not None:
                progress(done, len(QUALITIES), f"{asked} dB")
            stream = directory / f"digits_cnn-{asked}dB.nnr"
            decoded = stream.with_suffix(".safetensors")
            report = encode_file(network, stream, sqnr=asked)
            decode_file(stream, decoded)
            result = verify(open_stream(stream), network, Bounds(min_sqnr=asked))
            if (error := result.error()) is not None:
                raise error
            assert result.lowest_sqnr is not None
            yield Trial(
                asked,
                stream,
                decoded,
                report.original_bytes,
                report.total_bytes,
                sum(tensor.info.size for tensor in report.tensors),
                result.lowest_sqnr,
                before,
                accuracy(_tensors(decoded), images, labels),
            )


def _tensors(path: Path) -> dict[str, NDArray[Any]]:
    with open_model(path) as source:
        return {name: source.read(name) for name in source.names()}
