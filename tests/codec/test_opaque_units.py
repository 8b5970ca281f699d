"""Clauses 7.7 and 7.9: units whose content is not public are carried as they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnref.codec import QuantizationData, decode, decode_file, encode, open_stream
from nnref.spec.errors import NnrError, UnsupportedError, UsageError
from nnref.spec.process import Refused, decode_stream

MODEL = {"w": np.float32([[1, 2], [3, 4]])}
DATA = QuantizationData(b"\0table\0", 7, 1)


@settings(deadline=None, max_examples=25)
@given(st.binary(max_size=100), st.integers(0, 255), st.integers(0, 255))
def test_quantization_data_comes_back(data, storage, compression):
    one = QuantizationData(data, storage, compression)
    stream = encode(MODEL, qp=-20, quantization_data=(one, DATA))
    assert open_stream(stream).quantization_data == (one, DATA)
    assert len(decode_stream(stream).tensors) == 1


def test_formats_are_bytes():
    for formats in ((256, 0), (0, -1)):
        with pytest.raises(UsageError) as caught:
            QuantizationData(b"", *formats)
        assert caught.value.id == "setting-unknown"


def test_aggregates_are_refused_by_both_decoders_and_skipped_on_request(tmp_path):
    stream = encode(MODEL, aggregates=(b"\1\2", b""), index=True)
    with pytest.raises(UnsupportedError) as caught:
        decode(stream)
    assert (caught.value.id, caught.value.place.unit) == ("aggregate-undefined", 2)
    assert "--skip-aggregates" in str(caught.value)
    with pytest.raises(Refused, match="aggregate-undefined"):
        decode_stream(stream)
    opened = open_stream(stream, skip_aggregates=True)
    assert opened.aggregates == (b"\1\2", b"")
    assert [finding.id for finding in opened.findings] == ["aggregate-undefined"] * 2
    assert opened["w"].tobytes() == decode(encode(MODEL))["w"].tobytes()
    assert len(decode_file(stream, tmp_path / "o.npz", skip_aggregates=True).findings) == 2
    with pytest.raises(NnrError):
        open_stream(stream, skip_aggregates=True, strict=True)


def test_they_are_not_for_nncodec():
    for options in ({"quantization_data": (DATA,)}, {"aggregates": (b"",)}):
        with pytest.raises(UsageError, match="and compatible"):
            encode(MODEL, compatible=True, **options)
