"""Clause D: streams explained bit by bit parse to those records and are written back."""

import pytest

from nnref.spec.syntax import OutOfBand, read_units, write_unit
from tests.spec.syntax.worked_streams import ELEMENTS, OUT_OF_BAND, STREAMS


def explained(name):
    """(bit, path, descriptor, value text, bits text) per line."""
    for line in ELEMENTS[name].strip().splitlines():
        position, path, descriptor, value, *bits = line.split(" ")
        byte, bit = position.split(".")
        shown = "" if descriptor == "-" else descriptor
        yield 8 * int(byte) + int(bit), path, shown, value, "".join(bits)


def bits_of(stream, record):
    """The bits of a record as 0s and 1s, a string's as hexadecimal digits with an h."""
    length = 8 * len(stream)
    text = f"{int.from_bytes(stream, 'big'):0{length}b}"[record.bit : record.bit + record.bits]
    if record.descriptor in ("st(v)", "bs(v)"):
        return f"{int(text, 2):0{len(text) // 4}x}h"
    return text


def shown(value):
    value = value.decode() if isinstance(value, bytes) else value
    return str(value) or "-"


@pytest.mark.parametrize("name", ELEMENTS)
def test_stream_parses_to_the_explained_elements(name):
    stream = bytes.fromhex(STREAMS[name])
    records = []
    units = list(read_units(stream, record=records.append))
    expected = list(explained(name))
    # The explanations of some streams leave out units that were explained before.
    covered = [
        r for r in records if any(first <= r.bit <= last for first, last in _spans(expected))
    ]
    assert [
        (r.bit, r.path, r.descriptor.replace("bs(v)", "st(v)"), shown(r.value), bits_of(stream, r))
        for r in covered
    ] == expected
    assert units[-1].payload_offset == (records[-1].bit + records[-1].bits) // 8


def _spans(expected):
    """First and last bit of each run of explained elements: one per unit."""
    starts = [bit for bit, path, *_ in expected if path == "nnr_unit_size_flag"]
    return [
        (start, max(bit for bit, *_ in expected if bit < following))
        for start, following in zip(starts, [*starts[1:], 1 << 60], strict=True)
    ]


@pytest.mark.parametrize("name", STREAMS)
def test_stream_is_written_back_byte_by_byte(name):
    stream = bytes.fromhex(STREAMS[name])
    assert rewritten(stream) == stream


def rewritten(stream, out_of_band=None):
    return b"".join(
        write_unit(u.nnr_unit_type, u.fields, u.payload, u.state, out_of_band=out_of_band)
        for u in read_units(stream, out_of_band=out_of_band)
    )


@pytest.mark.parametrize("name", STREAMS)
def test_records_tile_the_units_up_to_the_payload(name):
    stream = bytes.fromhex(STREAMS[name])
    records = []
    position = 0
    for unit in read_units(stream, record=records.append):
        for record in records:
            assert record.bit == position
            position += record.bits
        records.clear()
        assert position == 8 * unit.payload_offset
        position += 8 * len(unit.payload)
    assert position == 8 * len(stream)


@pytest.mark.parametrize("name", STREAMS)
def test_writing_traces_the_records_that_reading_gives(name):
    stream = bytes.fromhex(STREAMS[name])
    read, written = [], []
    for unit in list(read_units(stream, record=read.append)):
        write_unit(
            unit.nnr_unit_type,
            unit.fields,
            unit.payload,
            unit.state,
            record=written.append,
            offset=unit.offset,
        )
    assert written == read


def test_codebook_of_the_worked_stream():
    codebook = list(read_units(bytes.fromhex(STREAMS["codebook"])))[-1].fields.codebook
    assert codebook.codebook == [-1024, -341, 0, 683, 1365]
    assert codebook.codebook_zero_offset == 1


def test_out_of_band_values_take_the_place_of_absent_elements():
    stream = bytes.fromhex(OUT_OF_BAND)
    given = {"w": OutOfBand([2, 2], 10)}
    fields = list(read_units(stream, out_of_band=given))[-1].fields
    assert (fields.count_tensor_dimensions, fields.tensor_dimensions) == (2, [2, 2])
    assert (fields.cabac_unary_length_minus1, fields.scan_order) == (10, 0)
    assert rewritten(stream, given) == stream


def test_names_and_payload_bytes_of_a_block():
    units = list(read_units(bytes.fromhex(STREAMS["block_batch_norm"])))
    assert units[-1].fields.topology_elem_id_list == [
        "conv.weight",
        "conv.weight_scaling",
        "bn.bias",
        "bn.weight",
        "bn.running_mean",
        "bn.running_var",
        "conv.bias",
    ]
    assert bytes(units[-1].payload[:2]).hex() == "e3a9"
