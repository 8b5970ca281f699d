"""assemble(disassemble(x)) == x for any bytes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nnref.tools.assembly import Options, assemble, disassemble
from nnref.tools.trace import Source
from tests.support import shared_dir
from tests.tools.trace.samples import STREAMS, only, source, whole

from .damage import COUNT, damaged

OPTIONS = (Options(), Options(auto_size=True), Options(bins=True))
MOST_BYTES_BIN_BY_BIN = 1200
HEXADECIMAL = ("stop-bit", "partial-counter", "lnq-groups")


def text_of(one, options=None):
    return list(disassemble(one, options))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_is_rebuilt(name, options):
    assert assemble(text_of(source(name), options)) == STREAMS[name]


def test_damaged_streams_are_rebuilt():
    streams = list(damaged())
    assert len(set(streams)) > 0.9 * COUNT
    gaps = 0
    for index, data in enumerate(streams):
        lines = text_of(Source(data), OPTIONS[index % 3])
        gaps += any(" gap " in line for line in lines)
        assert assemble(lines) == data, data.hex()
    assert gaps > COUNT / 2


@settings(deadline=None)
@given(st.binary(max_size=80))
@example(b"")
@example(b"\x80")
@example(b"\xff\xff\xff\xff\xff")
def test_any_bytes_are_rebuilt(data):
    assert assemble(disassemble(Source(data))) == data


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(range(7)))
def test_any_content_of_a_known_unit_is_rebuilt(content, kind):
    unit = (len(content) + 3).to_bytes(2, "big") + bytes([kind << 2]) + content
    data = STREAMS["first"][:12] + unit
    assert assemble(disassemble(Source(data))) == data


@pytest.mark.parametrize("name", STREAMS)
def test_every_header_element_is_a_line(name):
    lines = text_of(source(name))
    for element in only(whole(name), "element"):
        byte, bit = divmod(element["bit"], 8)
        (line,) = [one for one in lines if one.split()[:1] == [f"{byte}.{bit}"]]
        assert element["element"] in line
        assert f"clause {element['clause']}" in line


@pytest.mark.parametrize("name", STREAMS)
def test_codewords_are_shown_bin_by_bin(name):
    lines = text_of(source(name), Options(bins=True))
    bins = [line for line in lines if line.split()[:1] in (["bin"], ["bypass"], ["terminate"])]
    ended = {event["unit"] for event in only(whole(name), "payload_end")}
    told = [event for event in only(whole(name), "bin") if event["unit"] in ended]
    if name not in HEXADECIMAL:
        assert [int(line.split("#")[0].split()[-1]) for line in bins] == [e["value"] for e in told]


@pytest.mark.parametrize("name", HEXADECIMAL)
def test_codeword_in_parts_or_that_no_encoder_makes_is_hexadecimal(name):
    lines = text_of(source(name), Options(bins=True))
    assert not any("codeword" in line for line in lines)
    assert any("payload hex" in line for line in lines)


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["nncodec-2.1.3", "nncodec-1.0"])
def test_every_shared_vector_is_rebuilt(folder):
    paths = sorted((shared_dir() / "vectors" / folder).glob("*.nnc"))
    assert paths
    shown = 0
    for path in paths:
        data = path.read_bytes()
        for options in OPTIONS:
            if not options.bins or len(data) < MOST_BYTES_BIN_BY_BIN:
                lines = text_of(Source(data), options)
                shown += any(" codeword " in line for line in lines)
                assert assemble(lines) == data, path.name
    assert shown > len(paths) / 4 or folder == "nncodec-1.0"
