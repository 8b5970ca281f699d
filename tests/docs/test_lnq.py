"""docs/lnq.md: the worked example is what the codec does."""

import re
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
