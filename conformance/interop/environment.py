"""The peer's virtual environment: numpy and NNCodec built from its source distribution.

NNCodec's own requirements are left out: they serve training (torch with CUDA, OpenCV and more)
and make an environment of 5.9 GB, while coding needs numpy alone.
"""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

from nnref.spec.errors import refusal

PEER: Final = "nncodec==2.1.3"
_NUMPY: Final = "numpy<2"
"""As NNCodec itself demands."""


def default_folder() -> Path:
    """Where the environment is kept: the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "nnref" / "peer"


def peer_python(folder: Path, say: Callable[[str], None]) -> Path:
    """The interpreter of the peer's environment, which is made when the folder holds none.

    An environment made by hand is used as it is when NNCodec 2.1.3 works in it. pip's own
    settings hold (PIP_CONSTRAINT, PIP_INDEX_URL). Raises FileError peer-unavailable when an
    installation fails; a C++ compiler is needed.
    """
    python = folder / "bin" / "python"
    if python.exists() and _works(python):
        return python
    say(f"building {PEER} in {folder} (a few minutes, once)")
    venv.create(folder, with_pip=True)
    _pip(python, _NUMPY)
    _pip(python, "--no-deps", "--no-binary", "nncodec", PEER)
    if not _works(python):
        raise refusal("peer-unavailable", f"{PEER} in {folder} does not import")
    return python


def _works(python: Path) -> bool:
    check = (
        "import importlib.metadata as m; import nncodec.extensions.deepCABAC; "
        "assert m.version('nncodec') == '2.1.3'"
    )
    return subprocess.run([python, "-c", check], capture_output=True, check=False).returncode == 0


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", *arguments]
    result = subprocess.run(command, stdout=sys.stderr, check=False)
    if result.returncode:
        raise refusal("peer-unavailable", f"{' '.join(command)} failed")
