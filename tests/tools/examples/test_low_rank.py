"""The example of low-rank factors that run."""

import pytest

from nnref.tools.examples import low_rank

pytest.importorskip("torch")


def test_factors_take_fewer_numbers_and_bytes(capsys):
    low_rank.main(["12", "16"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rows = [line for line in lines if line and line[0] in ("none", "32", "24")]
    assert [row[0] for row in rows] == ["none", "32", "24"]
    for column in (1, 2):
        sizes = [int(row[column].replace(",", "")) for row in rows]
        assert sizes == sorted(sizes, reverse=True)
    full = 64 * 576
    numbers = [int(row[1].replace(",", "")) for row in rows]
    assert numbers[0] - numbers[1] == 2 * (full - 32 * 640)
