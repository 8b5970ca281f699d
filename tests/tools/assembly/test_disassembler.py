"""How a stream is written."""

from nnref.tools.assembly import Options, disassemble
from nnref.tools.trace import Source
from tests.tools.trace.samples import STREAMS, source


def text(data, options=None):
    return list(disassemble(Source(data), options))


def fields(line):
    return line.split("#")[0].split()


def test_line_has_position_element_descriptor_value_bits_clause_and_name():
    (line,) = [one for one in text(STREAMS["dependent"]) if "payload_type" in one]
    assert line.split() == [
        *("15.0", "nnr_compressed_data_unit_payload_type", "u(5)", "1", "#"),
        *("5", "bits", "00001,", "clause", "7.8.1,", "NNR_PT_FLOAT"),
    ]


def test_cut_unit_is_shown_as_far_as_it_goes():
    whole = text(STREAMS["dependent"])
    cut = text(STREAMS["dependent"][:-3])
    parsed = [line for line in cut if "clause" in line]
    assert parsed == [line for line in whole if "clause" in line]
    assert fields(cut[-1])[1:] == ["gap", "hex", STREAMS["dependent"][24:-3].hex()]
    assert "unit-truncated" in cut[-1]


def test_unit_that_cannot_be_parsed_ends_in_a_gap_and_the_next_is_shown():
    data = bytearray(STREAMS["layer-parameters"])
    whole = text(bytes(data))
    first = next(line for line in whole if "payload_type" in line)
    byte = int(first.split(".")[0])
    data[byte] = data[byte] & 0x07 | 31 << 3
    lines = text(bytes(data))
    gaps = [line for line in lines if " gap " in line]
    assert "payload-type-reserved" in gaps[0]
    assert not any("payload-type-reserved" in line for line in gaps[1:])
    ends = [line for line in whole if line.startswith("unit")]
    assert [line for line in lines if line.startswith("unit")] == ends


def test_gap_begins_at_the_bit_behind_the_last_element():
    data = STREAMS["first"][:12] + bytes.fromhex("0008160977008007")
    (*_, element, bits, rest) = text(data)
    assert fields(element) == ["18.1", "codebook.codebook_egk", "u(4)", "0"]
    assert fields(bits) == ["18.5", "gap", "bits", "000"]
    assert fields(rest) == ["19.0", "gap", "hex", "07"]


def test_size_that_makes_no_sense_leaves_the_rest_as_a_gap():
    data = STREAMS["first"][:12] + bytes.fromhex("000114aabbcc")
    assert fields(text(data)[-1]) == ["15.0", "gap", "hex", "aabbcc"]


def test_byte_string_without_its_end_is_a_gap():
    data = STREAMS["first"][:12] + bytes.fromhex("00080e0000aabbcc")
    gap = text(data)[-1]
    assert fields(gap) == ["17.0", "gap", "hex", "aabbcc"]
    assert "topology_data" in gap


def test_wrong_alignment_keeps_its_bits():
    lines = text(STREAMS["reserved-bits"])
    assert any(
        fields(line)[2:3] == ["align"] and "0b" in fields(line)[3]
        for line in lines[1:]
        if fields(line)
    )


def test_size_that_lies_is_not_auto():
    lines = text(STREAMS["dependent"][:-1], Options(auto_size=True))
    sizes = [fields(line)[3] for line in lines if "nnr_unit_size" in fields(line)]
    assert sizes == ["auto", "auto", "20"]


def test_names_are_safe_on_one_line():
    data = STREAMS["first"].replace(b"w\0", b"\n\0")
    assert any('"\\n"' in line for line in text(data))
    for name in ("first", "block"):
        for line in disassemble(source(name), Options(bins=True)):
            assert "\n" not in line


def test_rows_of_bytes_have_32():
    rows = [fields(line) for line in text(STREAMS["BLOCK_ALL"]) if "payload hex" in line]
    assert {len(row[3]) for row in rows[:-1]} == {64}
    assert [int(float(row[0])) for row in rows] == [
        int(float(rows[0][0])) + 32 * i for i in range(len(rows))
    ]


def test_codewords_of_updates_need_the_base():
    alone = list(disassemble(Source(STREAMS["update-2"]), Options(bins=True)))
    assert not any("codeword" in line for line in alone)
    based = list(disassemble(source("update-2"), Options(bins=True)))
    assert any("codeword" in line for line in based)
