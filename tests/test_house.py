"""The rules of the house that a program can check (CONTRIBUTING.md, ARCHITECTURE.md)."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("spec", "codec", "conformance", "tools")
MODULES = sorted(
    path for part in PARTS for path in (ROOT / part).rglob("*.py") if "_ext" not in path.parts
)


def imported(path: Path) -> set[str]:
    """Names of modules imported anywhere in a file, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def ours(folder: str) -> list[Path]:
    found = [path for path in MODULES if path.is_relative_to(ROOT / folder)]
    assert found, f"no modules in {folder}"
    return found


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [
        ("spec/tables", ("nnref.spec.tables",)),
        ("spec/process", ("nnref.spec.process", "nnref.spec.tables")),
        ("spec", ("nnref.spec",)),
        (
            "codec/entropy",
            ("nnref.codec.entropy", "nnref.spec.tables", "nnref.spec.errors", "nnref.spec.limits"),
        ),
        ("codec", ("nnref.codec", "nnref.spec")),
        ("conformance", ("nnref.conformance", "nnref.codec", "nnref.spec")),
    ],
)
def test_imports_point_one_way(folder, allowed):
    for path in ours(folder):
        for name in imported(path):
            # What runs in the peer's environment imports itself under its own name.
            if name.startswith("nnref."):
                assert name.startswith(allowed), f"{path}: {name}"


def test_codec_never_imports_the_literal_decoder():
    for path in ours("codec"):
        assert not any(name.startswith("nnref.spec.process") for name in imported(path)), path


def test_the_literal_decoder_uses_no_array_or_parsing_library():
    for path in ours("spec/process"):
        assert not {"numpy", "numba", "construct", "bitstring"} & imported(path), path


def test_every_folder_with_modules_is_packaged():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = set(project["tool"]["setuptools"]["packages"])
    on_disk = {
        "nnref." + ".".join(path.parent.relative_to(ROOT).parts)
        for path in MODULES
        if path.name == "__init__.py"
    }
    assert listed == on_disk


def test_no_module_is_longer_than_600_lines():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in MODULES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 600
        and "tables" not in path.parts
    }
    assert not long


def test_torch_av_and_onnx_are_never_imported_at_module_level():
    for path in MODULES:
        if path.is_relative_to(ROOT / "tools" / "train"):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None) or node.names[0].name
                assert module.split(".")[0] not in {"torch", "av", "onnx", "sklearn"}, path
