"""How the trace of another decoder is read."""

import pytest

from nnref.spec.errors import FileError
from nnref.tools.trace.foreign import ForeignTrace


def read(text, codewords=(2, 5)):
    trace = ForeignTrace(text.splitlines(keepends=True), codewords)
    found = []
    while trace.next is not None:
        found.append((trace.next.number, trace.next.unit, trace.next.event, trace.next.fields))
        trace.take()
    return found


def bins(text, codewords=(2, 5)):
    return [(unit, fields["value"]) for _, unit, _, fields in read(text, codewords)]


def test_line_of_0_and_1_is_a_codeword():
    assert bins("011\n1 0\n") == [(2, 0), (2, 1), (2, 1), (5, 1), (5, 0)]


def test_line_can_name_its_unit():
    assert bins("5: 01\n") == [(5, 0), (5, 1)]


def test_comments_and_empty_lines_are_no_codewords():
    assert bins("# made by hand\n\n01  # the first\n   \n1\n") == [(2, 0), (2, 1), (5, 1)]


def test_more_lines_than_codewords_are_refused():
    with pytest.raises(FileError, match=r"line 3: .* 2 codewords"):
        read("0\n1\n0\n")


def test_json_line_needs_no_more_than_a_value():
    assert read('{"value": 1}\n') == [(1, 2, "bin", {"value": 1})]


def test_unit_is_that_of_the_line_before():
    text = '{"value": 1}\n{"unit": 5}\n{"value": 0}\n{"value": 1, "unit": 6}\n{"value": 1}\n'
    assert bins(text) == [(2, 1), (5, 0), (6, 1), (6, 1)]


def test_bins_of_json_lines_are_checkpoints():
    assert read('{"unit": 2, "bins": 64, "range": 300}\n')[0][2] == "checkpoint"


def test_lines_of_other_events_are_passed_over():
    text = '{"event": "mood", "unit": 2}\n{"note": 1}\n{"event": "end"}\n{"value": 1}\n'
    assert [number for number, *_ in read(text)] == [4]


def test_subscript_may_stand_in_the_name_of_the_element():
    ((_, _, _, fields),) = read('{"value": 1, "element": "abs_level_greater_x[3]"}\n')
    assert (fields["element"], fields["index"]) == ("abs_level_greater_x", 3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{'value': 1}\n", "no JSON"),
        ('{"value": 1}\n[1]\n', "no JSON object"),
        ('{"event": "bin"}\n', "value of 0 or 1"),
        ('{"value": 2}\n', "value of 0 or 1"),
        ('{"value": 1, "unit": -1}\n', "unit is -1"),
        ('{"value": 1, "unit": true}\n', "unit is True"),
        ('{"value": 1, "bin": "7"}\n', "bin is '7'"),
        ('{"event": "checkpoint", "bins": 0}\n', "a number above 0"),
        ('{"unit": 5, "value": 1}\n{"unit": 2, "value": 1}\n', "unit 2 comes behind unit 5"),
        ("0102\n", "neither"),
        ("bins: 01\n", "neither"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(text, reason):
    with pytest.raises(FileError) as caught:
        read(text)
    assert caught.value.id == "trace-syntax"
    assert caught.value.detail.startswith(f"line {text.count(chr(10))}: ")
    assert reason in caught.value.detail


def test_empty_trace_has_no_events():
    assert read("") == []
    assert read("\n\n# nothing\n") == []
