"""The literal and the fast decoder agree on random valid streams of every tool."""

import os
import struct
from collections.abc import Sequence

import pytest

from nnref.codec import NnrError, Stream, UpdateState, decode
from nnref.conformance.random_streams import Chain, random_chain
from nnref.spec.process import DecodedStream, Refused, compose_blocks, decode_stream
from nnref.spec.process import UpdateState as LiteralState
from nnref.spec.syntax import parts_after

CHAINS = int(os.environ.get("NNREF_CHAINS", "1700"))
"""Chains of one to three streams: 2,157 streams."""


def literal_tensors(data: bytes, chain: Chain, state: LiteralState):
    """The stream, and name -> (unit, quantized, values as bytes); the state moves on."""
    out_of_band = {
        name: {
            "tensor_dimensions": list(given.tensor_dimensions),
            "cabac_unary_length_minus1": given.cabac_unary_length_minus1,
        }
        for name, given in chain.out_of_band.items()
    }
    decoded = decode_stream(data, state=state, out_of_band=out_of_band, dialect=chain.dialect)
    assert not decoded.findings
    tensors = {}
    for tensor in decoded.tensors:
        unit = decoded.units[tensor.unit]
        tensors[tensor.name] = (unit, tensor.quantized, packed(tensor.values))
    return decoded, tensors


def packed(values: Sequence[float]) -> bytes:
    code = "i" if all(isinstance(value, int) for value in values) else "f"
    return struct.pack(f"<{len(values)}{code}", *values)


def composed_literally(decoded: DecodedStream) -> dict[str, bytes] | str:
    """Clause 10.6: name -> values as bytes, or the rule that forbids composing."""
    try:
        return {tensor.name: packed(tensor.values) for tensor in compose_blocks(decoded)}
    except Refused as refused:
        return refused.rule_id


def check_composed(data: bytes, chain: Chain, decoded: DecodedStream, base: UpdateState) -> None:
    expected = composed_literally(decoded)
    options = {"dialect": chain.dialect, "out_of_band": chain.out_of_band, "base": base}
    if isinstance(expected, str):
        with pytest.raises(NnrError) as caught:
            decode(data, **options)
        assert caught.value.id == expected
        return
    composed = decode(data, **options)
    assert list(composed) == list(expected)
    assert {name: array.tobytes() for name, array in composed.items()} == expected


def check_stream(data: bytes, chain: Chain, state: LiteralState, base: UpdateState) -> UpdateState:
    literal, expected = literal_tensors(data, chain, state)
    check_composed(data, chain, literal, base)
    stream = Stream(
        data,
        dialect=chain.dialect,
        out_of_band=chain.out_of_band,
        base=base,
        strict=True,
        as_coded=True,
    )
    assert list(stream) == list(expected)
    for name, array in ((tensor.name, array) for tensor, array in stream.decoded()):
        assert array.tobytes() == expected[name][2], name
    for unit in {tensor.unit.index: tensor.unit for tensor in stream.tensors()}.values():
        decoded = stream.coded_unit(unit)
        for coded in decoded.tensors:
            literal_unit, quantized, _ = expected[coded.member.name]
            if coded.quantized is not None:
                assert coded.quantized.reshape(-1).tolist() == quantized
            assert literal_unit.bytes_consumed == decoded.bytes_consumed == len(unit.payload)
            assert literal_unit.registers == decoded.registers
    return stream.next_state()


@pytest.mark.parametrize("block", range(10))
def test_both_decoders_agree_on_every_random_chain(block):
    for seed in range(block * CHAINS // 10, (block + 1) * CHAINS // 10):
        chain = random_chain(seed)
        state, base = LiteralState(), UpdateState()
        for data in chain.streams:
            base = check_stream(data, chain, state, base)


def test_random_chains_reach_every_tool():
    seen: set[str] = set()
    for seed in range(400):
        chain = random_chain(seed)
        seen.add(f"dialect {chain.dialect.value}")
        if len(chain.streams) > 1:
            seen.add("update")
        state = UpdateState()
        for data in chain.streams:
            stream = Stream(
                data,
                dialect=chain.dialect,
                out_of_band=chain.out_of_band,
                base=state,
                as_coded=True,
            )
            state = stream.next_state()
            seen |= {"parts" for unit in stream.units if parts_after(unit)}
            seen |= {unit.type_name for unit in stream.units}
            for tensor in stream.tensors():
                seen |= {tensor.payload_type.name, *tensor.tools}
    assert {
        "NNR_PT_INT", "NNR_PT_FLOAT", "NNR_PT_RAW_FLOAT", "NNR_PT_BLOCK", "dq", "codebook",
        "scan1", "scan2", "scan4", "temporal", "G", "H", "ls", "bias", "bn.beta", "bn.gamma",
        "bn.mean", "bn.var", "dialect 0", "dialect 1", "update", "parts", "NNR_LPS",
    } <= seen  # fmt: skip


def test_a_seed_always_gives_the_same_chain():
    assert [random_chain(7).streams for _ in range(2)] == [random_chain(7).streams] * 2
