"""docs/lnq.md: the worked example is what the codec does."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nnref.tools.cli import app
from nnref.tools.experiments.layers import layer_pictures
from nnref.tools.experiments.rows import Settings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "lnq.md").read_text(encoding="utf-8")


def run(names, namespace):
    for name in names:
        block = re.search(rf"<!-- example: {name} -->\n```python\n(.*?)```\n", TEXT, re.DOTALL)
        assert block is not None, name
        exec(compile(block[1], f"docs/lnq.md, {name}", "exec"), namespace)
    return namespace


@pytest.fixture(scope="module")
def example():
    return run(["matrix", "coding"], {})


def test_symbols_are_those_that_the_decoder_finds(example):
    shown = re.search(r"   ```\n((?:   [-\d ]+\n){8})   ```\n", TEXT)
    assert shown is not None
    symbols = np.array([line.split() for line in shown[1].splitlines()], int)
    (layer,) = layer_pictures(example["published"])
    assert layer.units.tolist() == [[1]]
    assert layer.centroids.tolist() == [-53, 0, 80]
    assert np.array_equal(layer.integers.reshape(8, 8), layer.centroids[symbols + 1])


def test_bits_and_errors_are_those_of_the_text(example):
    coded = Settings(example["asked"] | {"lnq": "published"}).code({"w": example["weights"]}, 40)
    assert coded.stream == example["published"]
    assert coded.report is not None
    lnq = coded.report.tensors[0].lnq
    assert lnq is not None
    bits = lnq.bits
    assert (bits["header"], bits["codebooks"], bits["symbols"]) == (8 * 18, 31, 76)
    assert round(bits["symbols"] / 64, 1) == 1.2
    plain = np.square(example["levels"] * 7 / 256 - example["weights"]).sum()
    assert (round(lnq.squared_error, 5), round(float(plain), 5)) == (0.00112, 0.00117)
    for words in (
        "squared error of the unit is 0.00112",
        "takes 31 bits",
        "take 76, 1.2",
        "18 bytes",
    ):
        assert words in " ".join(TEXT.split())


def test_every_switch_of_the_table_is_an_option(capsys):
    assert app.run(["encode", "--help"]) == 0
    known = capsys.readouterr().out
    switches = re.findall(r"^\| `(--[a-z]+)", TEXT, re.MULTILINE)
    assert len(switches) >= 8
    assert all(f"{switch} " in known for switch in switches)


def test_figures_of_the_text_are_those_of_the_results():
    results = (ROOT / "docs" / "results" / "lnq.md").read_text(encoding="utf-8")
    assert "Printed by `nnref experiment lnq --data DATA" in results
    tables = results.split(": bytes of LNQ best in parts of a row's")

    def shown(test, row):
        table = next(
            after for before, after in pairwise(tables) if before.rsplit("\n", 1)[1] == test
        )
        found = re.search(rf"^\| {row} \|([^|]*)\|([^|]*)\|([^|]*)\|", table, re.MULTILINE)
        assert found is not None, row
        return [f"{1 / float(cell.split()[0]):.3f}" for cell in found.groups()]

    rows = {
        "nnref without LNQ, as they are": shown("Test 1", "DQ"),
        "nnref without LNQ, 80 % pruned": shown("Test 2, 80 % pruned", "DQ"),
        "NNCodec, uniform, as they are": shown("Test 1", "NNCodec URQ"),
        "NNCodec, its best dependent quantization, as they are": shown("Test 1", "NNCodec DQ"),
        "NNCodec, its best dependent quantization, 80 % pruned": shown(
            "Test 2, 80 % pruned", "NNCodec DQ"
        ),
    }
    for name, figures in rows.items():
        assert f"| {name} | {' | '.join(figures)} |" in TEXT
