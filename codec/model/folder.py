"""Hugging Face folders: one safetensors file, or several with or without an index."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from nnref.codec.model.files import not_of_its_format, reading
from nnref.codec.model.safetensors_file import SafetensorsSource
from nnref.codec.model.source import TensorSource
from nnref.codec.model.tensors import Array

_SINGLE: Final = "model.safetensors"
_SUFFIX: Final = ".safetensors"
_INDEX_SUFFIX: Final = ".safetensors.index.json"


class FolderSource(TensorSource):
    """The safetensors files of a folder as one model.

    An index decides which tensors the model has and where; without one it is
    `model.safetensors`, or else all files in the order of their names. Metadata are those of the
    first file. Raises `FileError` (file-not-found, also for a missing shard; file-format) and
    what `SafetensorsSource` raises.
    """

    def __init__(self, folder: Path) -> None:
        index = _find_index(folder)
        listed = _read_index(index) if index else None
        files = _find_files(folder) if listed is None else list(dict.fromkeys(listed.values()))
        with ExitStack() as opened:
            shards = {
                file: opened.enter_context(SafetensorsSource(folder / file)) for file in files
            }
            places = _places(folder, shards) if listed is None else listed
            self._shard_of = {name: shards[file] for name, file in places.items()}
            for name, file in places.items():
                if name not in shards[file].names():
                    raise not_of_its_format(folder, f"{file} lacks {name!r}, which the index lists")
            self._infos = {name: shard.info(name) for name, shard in self._shard_of.items()}
            if shards:
                self.metadata = next(iter(shards.values())).metadata
            self._opened = opened.pop_all()

    def _load(self, name: str) -> Array:
        return self._shard_of[name].read(name)

    def close(self) -> None:
        """Closes all files."""
        self._opened.close()


def _find_index(folder: Path) -> Path | None:
    """The index of the folder; `model.*` wins over others, several others are ambiguous."""
    usual = folder / ("model" + _INDEX_SUFFIX)
    found = [usual] if usual.exists() else sorted(folder.glob("*" + _INDEX_SUFFIX))
    if len(found) > 1:
        raise not_of_its_format(folder, f"{len(found)} indexes: which is the model's?")
    return found[0] if found else None


def _read_index(path: Path) -> Mapping[str, str]:
    """Tensor names to files of the folder, in the order of the index."""
    try:
        with reading(path):
            content: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise not_of_its_format(path, f"not valid JSON: {error}") from None
    weight_map = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weight_map, dict):
        raise not_of_its_format(path, "no weight_map")
    for file in weight_map.values():
        if not isinstance(file, str) or Path(file).name != file or not file.endswith(_SUFFIX):
            raise not_of_its_format(path, f"{file!r} is not a safetensors file of the folder")
    return weight_map


def _find_files(folder: Path) -> list[str]:
    if (folder / _SINGLE).exists():
        return [_SINGLE]
    files = sorted(path.name for path in folder.glob("*" + _SUFFIX))
    if not files:
        raise not_of_its_format(folder, "the folder holds no safetensors file")
    return files


def _places(folder: Path, shards: Mapping[str, SafetensorsSource]) -> dict[str, str]:
    places: dict[str, str] = {}
    for file, shard in shards.items():
        for name in shard.names():
            if name in places:
                raise not_of_its_format(folder, f"{name!r} is in {places[name]} and in {file}")
            places[name] = file
    return places
