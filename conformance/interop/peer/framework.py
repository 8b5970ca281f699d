"""Keeps the training half of NNCodec out: coding needs numpy and the C++ binding alone.

NNCodec imports torch, torchvision, scikit-learn, pandas and OpenCV through its `framework`
package when it starts. Nothing that codes a stream lives there, so empty modules take its place.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

FRAMEWORK = "nncodec.framework"


class EmptyModules(MetaPathFinder, Loader):
    """Supplies an empty package for every import at or below one name."""

    def __init__(self, root: str) -> None:
        self._root = root

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the interface of a finder
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """A spec for names under the root, None (ask the next finder) for others."""
        if fullname == self._root or fullname.startswith(f"{self._root}."):
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty module."""
        return ModuleType(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def leave_out_framework() -> None:
    """Make `import nncodec.nnc` need neither torch nor anything else of the framework."""
    sys.meta_path.insert(0, EmptyModules(FRAMEWORK))
