"""The streams of annexes B to D are what their descriptions, hashes and expected values say."""

from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from _ext import examples, worked, writing

from nnref import codec
from nnref.conformance.generator.building import build
from nnref.spec.errors import NnrError
from nnref.spec.process import UpdateState, compose_blocks
from nnref.spec.process.bits import BitReader
from nnref.spec.syntax import OutOfBand
from nnref.spec.tables.enums import Dialect

BY_NAME = {description.name: description for description in writing.ALL}
WORKED = [name for name, entry in worked.manifest().items() if entry.get("worked")]


def test_there_are_at_least_twelve_worked_examples() -> None:
    assert len(WORKED) >= 12


def test_every_stream_has_a_description() -> None:
    assert set(worked.manifest()) == set(BY_NAME)
    assert {path.stem for path in worked.FOLDER.glob("*.nnr")} == set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_stream_is_small_and_has_its_hash(name: str) -> None:
    data = worked.read(name)
    assert len(data) < 300
    assert sha256(data).hexdigest() == worked.manifest()[name]["sha256"]


@pytest.mark.parametrize("name", BY_NAME)
def test_stream_is_what_its_description_makes(name: str) -> None:
    state = worked.state_before(worked.manifest()[name])
    assert build(BY_NAME[name], state) == worked.read(name)


@pytest.mark.parametrize("name", BY_NAME)
def test_stream_decodes_to_what_the_manifest_says(name: str) -> None:
    entry = worked.manifest()[name]
    outcome = worked.outcome(worked.read(name), worked.state_before(entry), entry)
    assert entry | outcome == entry
    expected = [key for key in ("tensors", "refused") if key in entry]
    assert expected == [key for key in ("tensors", "refused") if key in outcome]


@pytest.mark.parametrize("name", WORKED)
def test_levels_are_those_of_the_description(name: str) -> None:
    tensors = list(worked.manifest()[name]["tensors"].values())
    described = [c.levels for unit in BY_NAME[name].units for c in unit.tensors]
    assert [t["levels"] for t in tensors if "levels" in t] == [list(v) for v in described]


@pytest.mark.parametrize("name", WORKED)
def test_elements_of_a_worked_example_cover_its_headers_without_gaps(name: str) -> None:
    example = worked.decoded(name)
    for unit in example.units:
        place = 8 * unit.first_byte
        for element in unit.elements:
            assert element.bit == place
            place += element.length
            assert len(examples.bits_of(element, example.data)) > 0
        if not unit.codeword:
            assert place == 8 * (unit.first_byte + unit.size) or unit.type > 6 or name == "raw"


@pytest.mark.parametrize("name", WORKED)
def test_bins_of_a_worked_example_are_a_walk_of_the_registers(name: str) -> None:
    """Clause 9.3: each bin's range follows from the one before; bits come from the payload."""
    example = worked.decoded(name)
    assert example.stream is not None
    for unit, decoded in zip(example.units, example.stream.units, strict=True):
        bins = [line for line in unit.codeword if isinstance(line, worked.BinRead)]
        if not bins:
            continue
        first = decoded.payload_first_byte
        assert first is not None
        assert bins[0].offset == BitReader(example.data[first:]).bits(9)
        assert bins[0].range == 510
        assert bins[-1].kind == "terminate"
        for one, after in pairwise(bins):
            assert after.range in (_next_range(one), 256)


def _next_range(one: worked.BinRead) -> int:
    if one.state is None or one.range_lps is None:
        return one.range
    more_probable = int(one.state >= 0)
    range_ = one.range - one.range_lps if one.value == more_probable else one.range_lps
    while range_ < 256:
        range_ *= 2
    return range_


def test_composed_weight_of_the_ledger_is_the_one_it_prints() -> None:
    """Entry D-20."""
    stream = worked.decoded("scaled-factors").stream
    assert stream is not None
    (weight,) = compose_blocks(stream)
    assert list(weight.values) == [0.28125, -0.09375, 0.9375, -0.3125]


def test_description_of_an_update_needs_its_base() -> None:
    with pytest.raises(worked.Refused, match="base-missing"):
        build(BY_NAME["update-2"], UpdateState())


@pytest.mark.parametrize("name", [n for n in BY_NAME if not worked.manifest()[n].get("after")])
def test_codec_finds_the_same_values_or_the_same_broken_rule(name: str) -> None:
    entry = worked.manifest()[name]
    if "refused" in entry:
        with pytest.raises(NnrError) as error:
            decoded_by_codec(name)
        assert error.value.id == entry["refused"]
        return
    decoded = decoded_by_codec(name)
    for tensor_name, tensor in entry["tensors"].items():
        values = np.array(tensor["values"])
        if name == "half-range":
            values = values.clip(-65504, 65504)
        assert np.array_equal(decoded[tensor_name].astype(np.float64).ravel(), values)


def decoded_by_codec(name: str) -> dict[str, Any]:
    """What the fast decoder makes of a stream."""
    entry = worked.manifest()[name]
    known = {k: OutOfBand(**values) for k, values in entry.get("out_of_band", {}).items()}
    dialect = Dialect(entry.get("dialect", 0))
    return codec.decode(worked.read(name), out_of_band=known, dialect=dialect, as_coded=True)
