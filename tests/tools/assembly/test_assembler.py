"""What an assembly text can say, and what it cannot."""

import pytest

from nnref.spec.errors import FileError, NnrError, UsageError
from nnref.spec.process import decode_stream
from nnref.tools.assembly import Options, assemble, disassemble
from nnref.tools.trace import Source
from tests.tools.trace.samples import STREAMS, source

TAG = "nnref.assembly/1"


def bytes_of(*statements):
    return assemble([TAG, *statements])


def edited(name, *changes, options=None):
    """The bytes of a sample's text in which words were replaced, each in exactly one line."""
    lines = list(disassemble(source(name), options or Options(auto_size=True)))
    for element, old, new in changes:
        (place,) = [i for i, line in enumerate(lines) if element in line.split("#")[0].split()]
        head, mark, comment = lines[place].partition("#")
        assert old in head.split()
        lines[place] = f"{f' {new} '.join(head.rsplit(f' {old} ', 1))}{mark}{comment}"
    return assemble(lines)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("x u(8) 7", "07"),
        ("x u(8) 0x1f", "1f"),
        ("x u(8) 0b101", "05"),
        ("x i(8) -1", "ff"),
        ("x ue(7) 3", "83"),
        ("x ie(7) -3", "86"),
        ("x flt(32) 0.5", "0000003f"),
        ("x flt(32) -0", "00000080"),
        ("x flt(32) 0x7f800001", "0100807f"),
        ('x st(v) "a#b"', "61236200"),
        ('x st(v) "\\u00e4\\n"', "c3a40a00"),
        ("x bs(v) 0x", "00"),
        ("x bs(v) 0x00ff", "00ff00"),
        ("byte_alignment() align auto", "80"),
        ("byte_alignment() align 0b01000000", "40"),
        ("gap hex abcd", "abcd"),
        ("gap bits 00000011", "03"),
        ("payload hex 00", "00"),
        ("12.3 x u(8) 7  # a comment", "07"),
        ("  12 unit 4", ""),
        ("# nothing", ""),
        ("", ""),
    ],
)
def test_statement(statement, expected):
    assert bytes_of(statement).hex() == expected


def test_alignment_follows_what_is_before_it():
    assert bytes_of("x u(3) 5", "byte_alignment() align auto") == b"\xb0"
    assert bytes_of("x u(3) 5", "byte_alignment() align 0b00001") == b"\xa1"


def test_hexadecimal_digits_need_no_byte_boundary():
    assert bytes_of("x u(4) 1", "gap hex 234") == b"\x12\x34"


def test_size_is_computed_when_it_is_auto():
    unit = ["nnr_unit_size_flag u(1) 0", "nnr_unit_size u(15) auto", "payload hex aabbcc"]
    assert bytes_of("unit 0", *unit, "unit 1", *unit).hex() == 2 * "0005aabbcc"
    unit = ["nnr_unit_size_flag u(1) 1", "nnr_unit_size u(31) auto", "payload hex aabbcc"]
    assert bytes_of(*unit).hex() == "80000007aabbcc"


def test_edited_value_is_encoded_with_its_descriptor():
    data = edited("first", ("topology_elem_id", '"w"', '"a longer name"'))
    assert len(data) == len(STREAMS["first"]) + len("a longer name") - 1
    (before,), (after,) = decode_stream(STREAMS["first"]).tensors, decode_stream(data).tensors
    assert (before.name, after.name) == ("w", "a longer name")
    assert before.values == after.values


def test_edited_bin_leaves_the_codeword_whole():
    lines = list(disassemble(source("dependent"), Options(bins=True, auto_size=True)))
    first, second = [i for i, line in enumerate(lines) if "abs_level_greater_x" in line][-2:]
    assert (lines[first].split()[:3], lines[second].split()[2]) == (["bin", "53", "1"], "0")
    lines[first] = "bin 53 0"
    del lines[second]
    before, after = (
        decode_stream(data).tensors[0].levels for data in (STREAMS["dependent"], assemble(lines))
    )
    assert (before[-1], after[-1]) == (2, 1)
    assert before[:-1] == after[:-1]


def test_shift_parameters_and_block_rows_are_followed():
    for name in ("shift-parameters", "block-scan", "ENTRY_POINTS"):
        lines = list(disassemble(source(name), Options(bins=True)))
        words = {line.split()[0] for line in lines if line.split("#")[0].strip()}
        assert "codeword" in " ".join(lines)
        assert ("set" if name == "shift-parameters" else "restart") in words


@pytest.mark.parametrize(
    ("statements", "line", "reason"),
    [
        (["x u(8)"], 2, "neither a statement"),
        (["x y z"], 2, "no descriptor"),
        (["x u(0) 0"], 2, "no descriptor"),
        (["x u(99999) 0"], 2, "no descriptor"),
        (["", "# fine", "x u(8) seven"], 4, "no integer"),
        (["x u(8) 1_0"], 2, "no integer"),
        (["x flt(32) one"], 2, "neither a number"),
        (["x st(v) name"], 2, "double quotes"),
        (['x st(v) "name'], 2, "cannot be read"),
        (["x bs(v) 0x0"], 2, "pairs of hexadecimal"),
        (["byte_alignment() align 128"], 2, "neither auto"),
        (["gap hex xy"], 2, "not hexadecimal"),
        (["gap bits 012"], 2, "not 0 and 1"),
        (["gap oct 17"], 2, "hex or bits"),
        (["x u(3) 1", "unit 1"], 3, "3 bits behind"),
        (["x u(3) 1"], 2, "3 bits behind"),
        (["codeword", "unit 1"], 3, "no statement of a codeword"),
        (["codeword", "bypass 1"], 3, "no terminate"),
        (["codeword", "bypass 2"], 3, "largest"),
        (["codeword", "bin 0 1"], 3, "no context 0"),
        (["codeword", "contexts 94", "bin 94 1"], 4, "no context 94"),
        (["codeword", "contexts 94", "set 3 9"], 4, "largest"),
        (["codeword", "terminate 0"], 3, "terminate 1"),
        (["nnr_unit_size u(15) auto", "nnr_unit_size u(15) auto"], 3, "one nnr_unit_size"),
    ],
)
def test_wrong_line_is_refused_with_its_number(statements, line, reason):
    with pytest.raises(FileError) as caught:
        bytes_of(*statements)
    assert caught.value.id == "assembly-syntax"
    assert caught.value.detail.startswith(f"line {line}: ")
    assert reason in caught.value.detail


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        (["x u(3) 8"], "element-value"),
        (["x u(8) -1"], "element-value"),
        (["x i(8) 128"], "element-value"),
        (["x ue(0) -1"], "element-value"),
        (["x flt(32) 1e39"], "element-value"),
        (['x st(v) "\\u0000"'], "tensor-name-unsupported"),
        (["x u(1) 0", 'x st(v) "a"'], "string-not-aligned"),
    ],
)
def test_value_that_does_not_fit_is_refused_with_its_line(statements, rule):
    with pytest.raises(NnrError) as caught:
        bytes_of(*statements)
    assert caught.value.id == rule
    assert caught.value.detail.startswith(f"line {1 + len(statements)}: ")


def test_size_beyond_its_field_is_refused_with_a_hint():
    unit = ["nnr_unit_size_flag u(1) 0", "nnr_unit_size u(15) auto", f"gap hex {'00' * 40000}"]
    with pytest.raises(UsageError, match="u\\(31\\)"):
        bytes_of(*unit)


@pytest.mark.parametrize("lines", [[], ["", "# only a comment"], ["nnref.assembly/2"], ["unit 0"]])
def test_text_without_its_first_line_is_refused(lines):
    with pytest.raises(FileError, match=r"nnref\.assembly/1"):
        assemble(lines)


def test_empty_stream_is_an_empty_text():
    assert list(disassemble(Source(b""))) == [TAG]
    assert bytes_of() == b""
