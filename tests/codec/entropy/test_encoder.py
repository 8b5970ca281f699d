import numpy as np
import pytest

from nnref.codec.entropy import PayloadDecoder, PayloadEncoder, ShiftSearch, TensorSyntax
from nnref.spec.errors import NnrError
from tests.codec.entropy.cases import SEARCHES, on_grid


def refused(rule, quantized, syntax, **options):
    """Whether the tensor is refused, and the encoder is then as it was before."""
    encoder, untouched = PayloadEncoder(), PayloadEncoder()
    for each in (encoder, untouched):
        each.encode_tensor(np.arange(300, dtype=np.int32), TensorSyntax(300, 1))
    with pytest.raises(NnrError) as caught:
        encoder.encode_tensor(quantized, syntax, **options)
    assert caught.value.id == rule
    assert encoder.finish() == untouched.finish()
    return caught.value


@pytest.mark.parametrize("search", SEARCHES)
def test_parameters_off_the_grid_are_refused(search):
    quantized = np.array([1, 1, 3, 0, 5], np.int32)
    syntax = TensorSyntax(5, 1, dq_flag=1)
    error = refused("levels-off-grid", quantized, syntax, shift_search=search)
    assert error.detail == "weight 0 is 1"


def test_every_state_has_its_grid():
    random = np.random.default_rng(2)
    syntax = TensorSyntax(200, 1, dq_flag=1)
    quantized = on_grid(random.integers(-2, 3, 200), syntax, None)
    PayloadEncoder().encode_tensor(quantized, syntax)
    for position in np.flatnonzero(quantized):
        moved = quantized.copy()
        moved[position] += 1
        if moved[position]:
            with pytest.raises(NnrError):
                PayloadEncoder().encode_tensor(moved, syntax)


def test_grid_of_a_quantizer_that_did_not_foresee_skipped_rows_is_refused():
    """Clause 9.6.5: a skipped segment advances the state by the columns of the whole tensor."""
    random = np.random.default_rng(3)
    levels = random.integers(-2, 3, (20, 9))
    levels[::3] = 0
    syntax = TensorSyntax(20, 9, dq_flag=1, scan_order=1)
    quantized = on_grid(levels.reshape(-1), syntax, None)
    refused("levels-off-grid", quantized, syntax, row_skip=True)
    encoder = PayloadEncoder()
    encoder.encode_tensor(quantized, syntax)
    assert PayloadDecoder(encoder.finish()).decode_tensor(syntax).tolist() == quantized.tolist()


@pytest.mark.parametrize("number", [-3, 4, 1 << 30, -(1 << 31)])
def test_levels_outside_the_codebook_are_refused(number):
    syntax = TensorSyntax(1, 1, codebook_size=6, codebook_zero_offset=2)
    refused("codebook-index-range", np.array([number], np.int32), syntax)


def test_codebook_of_one_entry_takes_zeros_alone():
    syntax = TensorSyntax(2, 2, codebook_size=1)
    refused("codebook-index-range", np.array([0, 0, 0, 1], np.int32), syntax)


def test_arrays_that_do_not_fit_are_refused():
    syntax = TensorSyntax(2, 2, parent=True, temporal=True)
    levels, mask = np.zeros(4, np.int32), np.zeros(4, bool)
    refused("tensor-dtype-unsupported", levels.astype(np.int64), syntax, base=levels)
    refused("setting-conflict", levels[1:], syntax, base=levels)
    refused("base-missing", levels, syntax)
    refused("setting-conflict", levels, syntax, base=levels[1:])
    refused("tensor-dtype-unsupported", levels, syntax, base=levels, history=levels)
    refused("setting-conflict", levels, syntax, base=levels, history=mask[1:])


@pytest.mark.parametrize(("bits", "value"), [(8, 128), (8, -129), (1, 1)])
def test_integers_that_do_not_fit_their_bits_are_refused(bits, value):
    with pytest.raises(NnrError) as caught:
        PayloadEncoder().iae(bits, value)
    assert caught.value.id == "setting-conflict"


def test_many_integers_before_and_between_tensors():
    """More bits than the registers hold, at every alignment."""
    encoder = PayloadEncoder()
    numbers = [(bits, (-1) ** bits * (1 << (bits - 1)) // 3) for bits in range(1, 32)]
    syntax = TensorSyntax(3, 1)
    for number in numbers:
        encoder.iae(*number)
    encoder.encode_tensor(np.array([5, 0, -1], np.int32), syntax)
    for number in numbers:
        encoder.iae(*number)
    decoder = PayloadDecoder(encoder.finish())
    assert [decoder.iae(bits) for bits, _ in numbers] == [value for _, value in numbers]
    assert decoder.decode_tensor(syntax).tolist() == [5, 0, -1]
    assert [decoder.iae(bits) for bits, _ in numbers] == [value for _, value in numbers]
    decoder.finish(strict=True)


def test_shapes_and_layouts_of_the_arrays_do_not_matter():
    matrix = np.arange(12, dtype=np.int32).reshape(3, 4)
    payloads = set()
    for quantized in (matrix, matrix.reshape(-1), np.asfortranarray(matrix), matrix.copy()[:, :]):
        encoder = PayloadEncoder()
        encoder.encode_tensor(quantized, TensorSyntax(3, 4))
        payloads.add(encoder.finish())
    assert len(payloads) == 1


def test_flags_without_a_place_in_the_syntax_are_not_coded():
    quantized = np.array([0, 0, 1], np.int32)
    for syntax in (TensorSyntax(3, 1, parent=True), TensorSyntax(3, 1, parent=True, profile=0)):
        payloads = []
        for asked in (False, True):
            encoder = PayloadEncoder()
            encoder.encode_tensor(quantized, syntax, row_skip=asked, history_flag=asked)
            payloads.append(encoder.finish())
        assert payloads[0] == payloads[1]


def test_search_is_named_or_a_member():
    for search in ("exact", ShiftSearch.EXACT):
        PayloadEncoder().encode_tensor(
            np.ones(1, np.int32), TensorSyntax(1, 1), shift_search=search
        )
    with pytest.raises(NnrError) as caught:
        PayloadEncoder().encode_tensor(
            np.ones(1, np.int32), TensorSyntax(1, 1), shift_search="slow"
        )
    assert caught.value.id == "setting-unknown"


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("scan-order-reserved", {"scan_order": 5}),
        ("setting-unknown", {"unary_length": 0}),
        ("setting-unknown", {"unary_length": 257}),
        ("setting-unknown", {"rows": -1}),
        ("codebook-zero-offset-range", {"codebook_size": 3, "codebook_zero_offset": 3}),
        ("dq-with-codebook", {"codebook_size": 3, "dq_flag": 1}),
    ],
)
def test_syntax_that_cannot_be_is_refused(rule, fields):
    with pytest.raises(NnrError) as caught:
        TensorSyntax(**{"rows": 2, "columns": 2} | fields)
    assert caught.value.id == rule


def test_flags_given_as_bool_do_not_compile_the_kernels_anew():
    from nnref.codec.entropy.kernels.encode import encode_tensor

    for syntax in (TensorSyntax(1, 1, dq_flag=1), TensorSyntax(1, 2, dq_flag=np.bool_(True))):
        PayloadEncoder().encode_tensor(np.zeros(syntax.weights, np.int32), syntax)
    assert len(encode_tensor.signatures) == 1


def test_read_only_parameters_do_not_compile_the_kernels_anew():
    from nnref.codec.entropy.kernels.encode import encode_tensor

    for data in (np.zeros(2, np.int32), np.frombuffer(bytes(8), np.int32)):
        PayloadEncoder().encode_tensor(data, TensorSyntax(1, 2))
    assert len(encode_tensor.signatures) == 1
