"""Clause 15.1: the kernels of LNQ mean the same without the compiler; wrong codewords."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from nnref.codec import decode
from nnref.codec.entropy import (
    ClassSyntax,
    LnqPayloadDecoder,
    LnqPayloadEncoder,
    LnqShape,
    PublishedSyntax,
    UnitData,
)
from nnref.codec.entropy.lnq_syntax import book_arrays
from nnref.conformance.random_lnq import random_lnq_stream
from nnref.spec.errors import LimitExceededError, NnrError
from nnref.spec.tables.enums import LnqCentroidMode

SEEDS = range(12)


def digest():
    """Of random streams, and of what they decode to."""
    found = hashlib.sha256()
    for seed in SEEDS:
        data = random_lnq_stream(seed, 40)
        found.update(data)
        for array in decode(data).values():
            found.update(array.tobytes())
    return found.hexdigest()


def test_kernels_mean_the_same_without_the_compiler():
    program = f"from {__name__} import digest; print(digest())"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    command = [sys.executable, "-W", "error", "-c", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert found.stdout.strip() == digest()


def units_of(books, entries=None):
    centroids, sizes = book_arrays(tuple(books))
    flags = np.ones(len(books), np.uint8)
    chosen = np.zeros(len(books), np.int32) if entries is None else np.array(entries, np.int32)
    return UnitData(flags, centroids, sizes, chosen)


def published(syntax, units, quantized=None):
    encoder = LnqPayloadEncoder()
    weights = np.zeros(syntax.shape.weights, np.int32) if quantized is None else quantized
    encoder.encode_units(weights, units, syntax)
    return encoder.finish()


def test_units_without_symbols_are_zero_or_constant():
    syntax = PublishedSyntax(LnqShape(4, 4, 2, 4), variable_levels=1)
    payload = published(syntax, units_of([(), (-7,)]))
    found = LnqPayloadDecoder(payload).decode_units(syntax)
    assert found.integers.reshape(4, 4).tolist() == [[0] * 4] * 2 + [[-7] * 4] * 2
    assert len(payload) < 16


def test_partial_units_at_the_edges_have_fewer_weights():
    shape = LnqShape(5, 7, 2, 3)
    assert shape.units == 9
    assert shape.unit_weights().tolist() == [6, 6, 2, 6, 6, 2, 3, 3, 1]
    syntax = PublishedSyntax(shape, levels=2)
    symbols = (np.arange(35) % 2).astype(np.int32)
    books = [(-unit, unit + 1) for unit in range(9)]
    found = LnqPayloadDecoder(published(syntax, units_of(books), symbols)).decode_units(syntax)
    rows, columns = np.divmod(np.arange(35), 7)
    unit = rows // 2 * 3 + columns // 3
    assert found.integers.tolist() == np.where(symbols, unit + 1, -unit).tolist()


def test_taking_codebooks_over_costs_less_than_sending_them():
    shape = LnqShape(64, 64, 8, 8)
    symbols = np.random.default_rng(1).integers(-1, 2, 4096).astype(np.int32)
    units = units_of([(-900, 3, 700)] * 64)
    sizes = {
        (mode, merge): len(published(PublishedSyntax(shape, centroid_mode=mode, merge=merge), units,
                                     symbols))
        for mode in (LnqCentroidMode.DIRECT, LnqCentroidMode.PREDICTED)
        for merge in (0, 1)
    }  # fmt: skip
    assert sizes[LnqCentroidMode.DIRECT, 1] < sizes[LnqCentroidMode.DIRECT, 0] - 100
    assert sizes[LnqCentroidMode.PREDICTED, 0] < sizes[LnqCentroidMode.DIRECT, 0] - 100


def test_index_past_the_end_of_the_dictionary_is_refused():
    syntax = PublishedSyntax(
        LnqShape(2, 2, 2, 2),
        centroid_mode=LnqCentroidMode.DICTIONARY,
        dictionary=((0, 1, 2), (1, 2, 3), (2, 3, 4)),
    )
    payload = published(syntax, units_of([(0, 1, 2)], [3]))
    with pytest.raises(NnrError) as caught:
        LnqPayloadDecoder(payload).decode_units(syntax)
    assert caught.value.id == "lnq-dictionary-range"


def test_values_beyond_32_bits_are_refused():
    syntax = ClassSyntax(LnqShape(1, 2, 1, 2), offsets=((((7,), (7,)),),))
    encoder = LnqPayloadEncoder()
    encoder.encode_classes(np.array([1 << 27, 0], np.int32), np.zeros(1, np.uint8), syntax)
    with pytest.raises(NnrError) as caught:
        LnqPayloadDecoder(encoder.finish()).decode_classes(syntax)
    assert caught.value.id == "lnq-value-overflow"


@pytest.mark.parametrize("zero_class", [0, 1])
def test_layers_that_the_payload_cannot_hold_take_no_memory(zero_class):
    shape = LnqShape(1 << 20, 1 << 11, 1, 1)
    syntax = ClassSyntax(shape, classes=2, zero_class=zero_class, offsets=(((), ()),) * 2)
    with pytest.raises(NnrError) as caught:
        LnqPayloadDecoder(bytes(16)).decode_classes(syntax)
    assert caught.value.id == "payload-bound"
    with pytest.raises(NnrError) as caught:
        LnqPayloadDecoder(bytes(16)).decode_units(PublishedSyntax(shape))
    assert caught.value.id == "payload-bound"
    assert not isinstance(caught.value, LimitExceededError)
