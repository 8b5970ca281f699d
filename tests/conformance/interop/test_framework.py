"""Modules below a left-out package are empty; others are found as usual."""

import importlib
import sys

import pytest

from nnref.conformance.interop.peer.framework import EmptyModules


@pytest.fixture
def left_out(monkeypatch):
    finder = EmptyModules("left_out_for_a_test")
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    yield
    for name in [n for n in sys.modules if n.startswith("left_out_for_a_test")]:
        del sys.modules[name]


@pytest.mark.usefixtures("left_out")
def test_left_out_package_and_everything_below_it_imports():
    module = importlib.import_module("left_out_for_a_test.deep.down")
    assert not [name for name in vars(module) if not name.startswith("__")]


@pytest.mark.usefixtures("left_out")
def test_name_that_merely_starts_alike_is_not_left_out():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("left_out_for_a_test_not")
