"""What sheets expect, made by the literal decoder, is what the fast one gives."""

from hashlib import sha256

import pytest

from nnref.codec import Chain, OutOfBand, Stream, UpdateState
from nnref.codec.model import open_model
from nnref.conformance.suite import load

SHEETS = {sheet.id: sheet for sheet in load()}
DECODABLE = [sheet for sheet in SHEETS.values() if sheet.expected]


def opened(sheet, base, **options):
    known = {name: OutOfBand(**given) for name, given in sheet.options.out_of_band.items()}
    return Stream(sheet.data, dialect=sheet.coded_dialect, out_of_band=known, base=base, **options)


def base_of(sheet):
    state = UpdateState()
    for earlier in sheet.options.chain:
        state = opened(SHEETS[earlier], state).next_state()
    return state


def decoded(sheet):
    """Tensors by name, of the stream alone or of the sum of its chain."""
    if sheet.options.semantics:
        streams = [SHEETS[one].data for one in sheet.options.chain] + [sheet.data]
        return Chain.of(streams, semantics=sheet.options.semantics).tensors
    stream = opened(sheet, base_of(sheet), as_coded=sheet.options.as_coded)
    return {tensor.name: array for tensor, array in stream.decoded()}


@pytest.mark.parametrize("sheet", DECODABLE, ids=lambda sheet: sheet.id)
def test_fast_decoder_gives_the_expected_tensors(sheet):
    arrays = decoded(sheet)
    assert list(arrays) == [tensor.name for tensor in sheet.expected.tensors]
    for tensor in sheet.expected.tensors:
        array = arrays[tensor.name]
        assert (array.dtype.name, array.shape) == (tensor.dtype, tensor.shape)
        assert sha256(array.tobytes()).hexdigest() == tensor.sha256, tensor.name


@pytest.mark.parametrize("sheet", DECODABLE, ids=lambda sheet: sheet.id)
def test_fast_decoder_gives_the_expected_levels_and_coder_states(sheet):
    stream = opened(sheet, base_of(sheet), as_coded=True)
    levels, states = {}, []
    for unit in {tensor.unit.index: tensor.unit for tensor in stream.tensors()}.values():
        coded = stream.coded_unit(unit)
        for one in coded.tensors:
            if one.quantized is not None and one.quantized.size:
                levels[one.member.name] = one.quantized
        if coded.registers:
            states.append((unit.index, *coded.registers, coded.bytes_consumed))
    assert list(levels) == [one.name for one in sheet.expected.levels]
    for one in sheet.expected.levels:
        found = levels[one.name]
        assert sha256(found.astype("<i4").tobytes()).hexdigest() == one.sha256
        assert (found.min(), found.max(), int((found == 0).sum())) == (one.min, one.max, one.zeros)
    assert states == [
        (s.unit, s.range, s.offset, s.shifts, s.bytes_consumed) for s in sheet.expected.coder_states
    ]
    assert {finding.id for finding in stream.findings} == set(sheet.expected.findings)


@pytest.mark.parametrize("sheet", DECODABLE, ids=lambda sheet: sheet.id)
def test_expected_file_holds_the_expected_tensors(sheet):
    with open_model(sheet.expected_path) as model:
        assert list(model.names()) == [tensor.name for tensor in sheet.expected.tensors]
        for tensor in sheet.expected.tensors:
            array = model.read(tensor.name)
            assert (array.dtype.name, array.shape) == (tensor.dtype, tensor.shape)
            assert sha256(array.tobytes()).hexdigest() == tensor.sha256
