"""Clauses 7.6 and 14.3: topologies carried and restored, packed ones within limits."""

import json
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import (
    Limits,
    ModelParameters,
    Rule,
    Topology,
    decode,
    decode_chain_file,
    decode_file,
    encode,
    encode_file,
    open_stream,
)
from nnref.codec.model import create_model, open_model
from nnref.codec.model.tensors import TensorInfo
from nnref.codec.topology import MOST_HEADER_BYTES
from nnref.spec.errors import LimitExceededError, MalformedError, NnrError, UsageError
from nnref.spec.process import decode_stream
from nnref.spec.syntax import read_units, write_unit
from nnref.spec.tables.enums import UnitType
from nnref.spec.tables.private_units import SAFETENSORS_HEADER

MODEL = {"w": np.float32([[1, 2], [3, 4]]), "b": np.float32([1, -1])}
ONNX, PRUN, REFLIST = 2, 5, 6


def carried(*topologies, **options):
    return encode(MODEL, topologies=topologies, qp=-20, **options)


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=300), st.sampled_from([0, 1, 2, 3, 4, PRUN, 128, 255]), st.booleans())
def test_any_bytes_come_back_through_both_decoders_packed_or_not(content, storage, deflate):
    stream = carried(Topology.of(content, storage, deflate=deflate))
    (topology,) = open_stream(stream).topologies
    assert (topology.topology_storage_format, topology.content()) == (storage, content)
    plain = decode(carried())
    assert all(np.array_equal(decode(stream)[name], plain[name]) for name in MODEL)
    assert len(decode_stream(stream).tensors) == 2
    assert list(read_units(stream))[1].fields["topology_carriage_flag"] == 1


def test_several_topologies_stand_before_the_tensors_in_order():
    given_ones = (Topology(ONNX, b"a\0"), Topology(PRUN, b""), Topology(200, b"\0\0"))
    stream = carried(*given_ones, indexed_names=True, index=True)
    opened = open_stream(stream)
    assert opened.topologies == given_ones
    assert [unit.type_name for unit in opened.units][:6] == ["NNR_STR", "NNR_MPS", *["NNR_TPL"] * 4]
    assert set(opened) == set(MODEL)


def test_packing_saves_bytes():
    content = json.dumps({"nodes": ["conv"] * 500}).encode()
    assert len(carried(Topology.of(content, ONNX, deflate=True))) < len(content) / 4


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"graph", "incorrect header"),
        (zlib.compress(b"graph")[:-1], "cut off"),
        (zlib.compress(b"graph") + b"x", "1 bytes behind"),
        (zlib.compress(b"graph")[:-1] + b"\0", "incorrect data check"),
        (b"", "cut off"),
    ],
)
def test_packed_data_that_is_no_zlib_stream_is_refused_when_it_is_asked_for(data, detail):
    stream = carried(Topology(ONNX, data, 1))
    assert set(decode(stream)) == set(MODEL)
    (topology,) = open_stream(stream, strict=True).topologies
    with pytest.raises(MalformedError, match=detail) as caught:
        topology.content()
    assert caught.value.id == "topology-deflate"


def test_a_bomb_takes_no_more_memory_than_the_limit():
    topology = Topology.of(bytes(1 << 26), ONNX, deflate=True)
    limits = Limits(max_topology_bytes=1 << 18)
    tracemalloc.start()
    with pytest.raises(LimitExceededError) as caught:
        topology.content(limits)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    assert caught.value.id == "limit-topology-bytes"
    assert len(topology.content(Limits(max_topology_bytes=1 << 26))) == 1 << 26


def test_a_reserved_packing_is_not_unpacked():
    (topology,) = open_stream(carried(Topology(ONNX, b"x", 2))).topologies
    assert topology.data == b"x"
    with pytest.raises(NnrError) as caught:
        topology.content()
    assert caught.value.id == "topology-compression-reserved"


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ((256, b""), "setting-unknown"),
        ((-1, b""), "setting-unknown"),
        ((0, b"", 256), "setting-unknown"),
        ((REFLIST, b""), "setting-conflict"),
    ],
)
def test_a_topology_that_no_unit_can_say_is_refused(arguments, rule):
    with pytest.raises(UsageError) as caught:
        Topology(*arguments)
    assert caught.value.id == rule


def test_a_reference_list_is_no_topology():
    assert open_stream(encode(MODEL, indexed_names=True)).topologies == ()


def test_topologies_are_of_whole_streams_and_not_for_nncodec():
    topology = Topology(0, b"x")
    with pytest.raises(UsageError):
        carried(topology, compatible=True)
    with pytest.raises(UsageError):
        encode(MODEL, rules=(Rule("w", {"topologies": (topology,)}),))


def written(path, metadata):
    infos = {name: TensorInfo.of(array) for name, array in MODEL.items()}
    with create_model(path, infos, metadata) as sink:
        for name, array in MODEL.items():
            sink.write(name, array)
    return path


@pytest.mark.parametrize("deflate", [False, True])
def test_free_text_of_a_safetensors_file_is_in_the_decoded_one(tmp_path, deflate):
    metadata = {"format": "pt", "länge": "1"}
    path = written(tmp_path / "m.safetensors", metadata)
    topology = Topology.of_safetensors(path, deflate=deflate)
    assert topology.content() == path.read_bytes()[8:].split(b"}}", 1)[0] + b"}}"
    stream = tmp_path / "m.nnr"
    encode_file(path, stream, topologies=(topology,))
    decode_file(stream, tmp_path / "out.safetensors")
    with open_model(tmp_path / "out.safetensors") as source:
        assert source.metadata == metadata
    decode_chain_file([stream, stream], tmp_path / "sum.safetensors")
    with open_model(tmp_path / "sum.safetensors") as source:
        assert source.metadata == metadata
    decode_file(stream, tmp_path / "out.npz")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"__metadata__": 5}',
        b'{"__metadata__": {"a": 5}}',
        b'{"__metadata__": {"a": "\\ud800"}}',
        b"\xff",
        b'{"a": "' + bytes(MOST_HEADER_BYTES) + b'"}',
    ],
)
def test_a_header_that_is_none_is_a_finding(tmp_path, data):
    stream = carried(Topology(SAFETENSORS_HEADER, data))
    report = decode_file(stream, tmp_path / "out.safetensors")
    assert [finding.id for finding in report.findings] == ["topology-content"]
    with open_model(tmp_path / "out.safetensors") as source:
        assert source.metadata == {}
    with pytest.raises(NnrError) as caught:
        decode_file(stream, tmp_path / "strict.safetensors", strict=True)
    assert caught.value.id == "topology-content"


def test_topology_and_parameters_go_together():
    parameters = ModelParameters(performance_metric_type="top-1")
    stream = carried(Topology(ONNX, b"g"), parameters=parameters)
    opened = open_stream(stream)
    assert (opened.parameters, opened.topologies) == (parameters, (Topology(ONNX, b"g"),))


def test_damage_in_a_topology_unit_is_refused_or_harmless():
    stream = carried(Topology.of(b"graph" * 9, ONNX, deflate=True))
    unit = list(read_units(stream))[2]
    for position in range(unit.offset + 3, unit.offset + unit.size):
        damaged = bytearray(stream)
        damaged[position] ^= 1
        try:
            opened = open_stream(bytes(damaged))
        except NnrError:
            continue
        assert len(dict(opened)) == 2
        for topology in opened.topologies:
            try:
                content = topology.content()
            except NnrError:
                continue
            assert content == b"graph" * 9 or topology.topology_compression_format == 0


def test_data_without_its_end_is_a_finding_and_kept():
    stream = carried(Topology(ONNX, b"graph"))
    units = list(read_units(stream))
    unit = units[2]
    body = bytearray(stream[unit.offset : unit.offset + unit.size - 1])
    body[1] -= 1
    shortened = stream[: unit.offset] + bytes(body) + stream[unit.offset + unit.size :]
    opened = open_stream(shortened)
    assert [finding.id for finding in opened.findings] == ["byte-string-unterminated"]
    assert opened.topologies == (Topology(ONNX, b"graph"),)
    assert write_unit(UnitType.NNR_TPL, unit.fields, b"", unit.state)
