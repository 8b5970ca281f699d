"""Several payloads side by side are the same payloads one after the other."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnref.codec.entropy import PayloadDecoder, TensorSyntax, pairs
from nnref.codec.entropy.kernels import pairs as kernels
from nnref.codec.entropy.pairs import TensorRequest, decode_alone, decode_together
from nnref.codec.entropy.steps import step_table
from nnref.spec.errors import NnrError
from tests.codec.entropy.cases import SEARCHES, Case, cases, encoder_with, on_grid

quick = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(autouse=True)
def small_tensors_too(monkeypatch):
    monkeypatch.setattr(pairs, "LEAST_WEIGHTS", 1)


def plain(case):
    """A case in reach of the loop for two: no block scan, codebook, base or mask."""
    syntax = replace(case.syntax, scan_order=0, temporal=False, codebook_size=0)
    syntax = replace(syntax, codebook_zero_offset=0)
    on_grid = syntax == case.syntax or not syntax.dq_flag
    return case if not on_grid else replace(case, syntax=syntax, history=None, row_skip=False)


def payload_of(group, search):
    """One payload with the tensors of several cases."""
    encoder = encoder_with(group[0], search)
    for case in group[1:]:
        encoder.encode_tensor(
            case.quantized,
            case.syntax,
            shift_search=search,
            row_skip=case.row_skip,
            history_flag=case.history_flag,
            base=case.base,
            history=case.history,
        )
    return encoder.finish()


def decoding(group, payload):
    """The tensors of a payload, where its decoder ended, and what it found."""
    decoder = PayloadDecoder(payload, group[0].dialect)
    front = decoder.iae(group[0].front[0])
    tensors = []
    for case in group:
        request = TensorRequest(decoder, case.syntax, case.base, case.history)
        quantized = yield request
        tensors.append((request.decode() if quantized is None else quantized).tolist())
    state = decoder.state
    consumed = decoder.finish()
    return front, tensors, state, consumed, [str(finding) for finding in decoder.findings]


def outcome(run):
    try:
        return run()
    except NnrError as error:
        return str(error)


def damaged(payload, random):
    """Some bits flipped, or the end cut off, or neither."""
    kind = random.integers(3)
    if kind == 0:
        return payload
    if kind == 1:
        return payload[: random.integers(0, len(payload) + 1)]
    flipped = np.frombuffer(payload, np.uint8).copy()
    flipped[random.integers(len(payload), size=2)] ^= np.uint8(1 << random.integers(8))
    return flipped.tobytes()


def compare(groups, payloads):
    alone = [
        outcome(lambda g=group, p=payload: decode_alone(decoding(g, p)))
        for group, payload in zip(groups, payloads, strict=True)
    ]
    together = decode_together(map(decoding, groups, payloads))
    assert [str(one) if isinstance(one, NnrError) else one for one in together] == alone
    return alone


@given(
    st.lists(st.lists(cases(), min_size=1, max_size=2), max_size=5),
    st.sampled_from(SEARCHES),
    st.integers(0, 2**32),
)
@quick
def test_payloads_decode_together_as_they_decode_alone(groups, search, seed):
    groups = [[plain(replace(case, dialect=g[0].dialect)) for case in g] for g in groups]
    payloads = [payload_of(group, search) for group in groups]
    for group, (_, tensors, *_) in zip(groups, compare(groups, payloads), strict=True):
        assert tensors == [case.quantized.tolist() for case in group]
    random = np.random.default_rng(seed)
    compare(groups, [damaged(payload, random) for payload in payloads])


def laplacian(seed, rows, columns, spread, syntax=None):
    random = np.random.default_rng(seed)
    levels = np.rint(random.laplace(0, spread, rows * columns)).astype(np.int32)
    return Case(syntax or TensorSyntax(rows, columns), levels, front=(8, 3))


def test_tensors_of_all_sizes_take_turns_on_two_lanes(monkeypatch):
    used = []
    monkeypatch.setattr(
        kernels, "decode_pair", lambda *a, f=kernels.decode_pair: used.append(a) or f(*a)
    )
    sizes = ((300, 20), (1, 1), (40, 40), (0, 7), (90, 11), (5, 5), (64, 100))
    groups = [[laplacian(seed, *size, 2.0 + seed)] for seed, size in enumerate(sizes)]
    payloads = [payload_of(group, "exact") for group in groups]
    results = compare(groups, payloads)
    assert [r[1][0] for r in results] == [group[0].quantized.tolist() for group in groups]
    assert len(used) >= len(sizes) - 2


def test_a_broken_payload_does_not_disturb_its_neighbour():
    good = [laplacian(1, 60, 60, 3.0)]
    payload = payload_of(good, "off")
    cut = payload[: len(payload) // 2]
    results = decode_together(map(decoding, [good] * 3, [cut, payload, b"\0"]))
    assert [getattr(r, "id", "good") for r in results] == [
        "payload-truncated",
        "good",
        "payload-too-short",
    ]
    assert results[1][1] == [good[0].quantized.tolist()]


@pytest.mark.parametrize("dq_flag", [0, 1])
@pytest.mark.parametrize("unary_length", [1, 2, 11, 256])
def test_levels_beyond_the_flags_and_at_the_ends_of_the_range(unary_length, dq_flag):
    syntax = TensorSyntax(1, 6, unary_length, dq_flag=dq_flag)
    largest = (1 << 30) - 1 if dq_flag else (1 << 31) - 1
    levels = [largest, -largest, unary_length, -unary_length, unary_length + 1, 0]
    quantized = np.array(levels, np.int32)
    if dq_flag:
        quantized = on_grid(levels, syntax, None)
    case = Case(syntax, quantized, front=(8, -38))
    payload = payload_of([case], "off")
    for _, tensors, *_ in compare([[case]] * 2, [payload] * 2):
        assert tensors == [quantized.tolist()]


@pytest.mark.parametrize("dq_flag", [0, 1])
def test_every_step_leads_to_a_node_of_the_table(dq_flag):
    for unary_length in (1, 7, 256):
        table = step_table(unary_length, dq_flag)
        nodes = (table >> 2) & 0xFFFF
        assert (nodes % 2 == 0).all()
        assert nodes.max() < table.size
        assert (((table >> 18) & 0x3FFF) < 54 + 2 * unary_length).all()
