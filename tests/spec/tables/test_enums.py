"""Enumerations that people type."""

import pytest

from nnref.spec.tables.enums import Dialect


@pytest.mark.parametrize("dialect", Dialect)
def test_a_dialect_is_found_by_its_name(dialect):
    assert Dialect(dialect.label) is dialect


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ValueError, match=r"nncodec-3\.0"):
        Dialect("nncodec-3.0")
