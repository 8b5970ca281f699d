"""Clause 7.8.5: several tensors in one unit; clauses 7.8.2 and 7.8.9: references, out of band."""

import numpy as np
import pytest

from nnref.codec import (
    Block,
    EncodeSettings,
    Limits,
    Rule,
    decode,
    encode,
    encode_file,
    encode_out_of_band,
    open_stream,
)
from nnref.codec.encoder.blocks import auto_blocks
from nnref.codec.model import TensorInfo
from nnref.codec.quantization import sqnr_db
from nnref.spec.errors import NnrError, UsageError
from nnref.spec.process import compose_blocks, decode_stream
from nnref.spec.syntax import OutOfBand
from nnref.spec.tables.enums import TopologyStorageFormat, UnitType

RNG = np.random.default_rng(7)


def numbers(*shape):
    return RNG.normal(0, 0.2, shape).astype(np.float32)


MODEL = {
    "first": numbers(3, 4),
    "bn.running_mean": numbers(12),
    "conv.weight": numbers(12, 3, 2, 2),
    "conv.bias": numbers(12),
    "conv.weight_scaling": numbers(12),
    "bn.weight": numbers(12),
    "bn.bias": numbers(12),
    "bn.running_var": np.abs(numbers(12)) + np.float32(0.1),
    "steps": np.array(5),
    "fc.weight": numbers(20, 17),
    "fc.bias": numbers(20),
}
CONV = Block(
    "conv.weight",
    bias="conv.bias",
    ls="conv.weight_scaling",
    bn_beta="bn.bias",
    bn_gamma="bn.weight",
    bn_mean="bn.running_mean",
    bn_var="bn.running_var",
)
FC = Block("fc.weight", bias="fc.bias")


def units(stream):
    """The names of the tensors of every data unit, in payload order."""
    found: dict[int, list[str]] = {}
    for tensor in open_stream(stream, as_coded=True).tensors():
        found.setdefault(tensor.unit.index, []).append(tensor.name)
    return list(found.values())


def check_against_the_literal_decoder(stream):
    decoded = decode(stream, strict=True, as_coded=True)
    literal = decode_stream(stream)
    for expected, found in (
        (literal.tensors, decoded),
        (compose_blocks(literal), decode(stream, strict=True)),
    ):
        assert [tensor.name for tensor in expected] == list(found)
        for tensor in expected:
            if found[tensor.name].dtype == np.float32:
                values = np.array(tensor.values, np.float32)
                assert found[tensor.name].tobytes() == values.tobytes()
    return decoded


@pytest.mark.parametrize("profile", [0, 1])
@pytest.mark.parametrize("scan_order", [0, 1])
@pytest.mark.parametrize("options", [{"dq": True}, {"dq": False}, {"codebook": 6}])
def test_both_decoders_agree_on_blocks(profile, scan_order, options):
    stream = encode(MODEL, blocks=(CONV, FC), profile=profile, scan_order=scan_order, **options)
    decoded = check_against_the_literal_decoder(stream)
    assert decoded.keys() == MODEL.keys()
    for name, array in MODEL.items():
        if array.dtype == np.float32 and array.ndim == 1:
            assert sqnr_db(array, decoded[name]) >= 65


def test_a_block_stands_where_its_weight_is():
    assert units(encode(MODEL, blocks=(FC, CONV))) == [
        ["first"],
        [
            *("conv.weight_scaling", "conv.bias"),
            *("bn.bias", "bn.weight", "bn.running_mean", "bn.running_var", "conv.weight"),
        ],
        ["steps"],
        ["fc.bias", "fc.weight"],
    ]


def test_blocks_are_found_by_name_type_and_shape():
    infos = {name: TensorInfo.of(array) for name, array in MODEL.items()}
    expected = (Block("conv.weight", "conv.bias", "conv.weight_scaling"), FC)
    assert auto_blocks(infos) == expected
    assert auto_blocks(infos, (CONV,)) == (CONV, FC)
    other = infos | {
        "fc.bias": TensorInfo("float16", (20,)),
        "conv.bias": TensorInfo.of(RNG.random(3)),
    }
    assert auto_blocks(other) == (Block("conv.weight", ls="conv.weight_scaling"),)
    assert auto_blocks({"weight": infos["first"], "bias": TensorInfo("float32", (3,))}) == (
        Block("weight", "bias"),
    )


def test_blocks_take_fewer_bytes_than_units_of_their_own():
    assert len(encode(MODEL, blocks="auto")) < len(encode(MODEL))


def test_members_have_settings_of_their_own():
    rules = (Rule("fc.bias", {"step": 0.5}), Rule("fc.weight", {"sqnr": 50.0}))
    decoded = decode(encode(MODEL, blocks="auto", dq=False, rules=rules))
    assert np.array_equal(decoded["fc.bias"] * 2, np.round(decoded["fc.bias"] * 2))
    assert sqnr_db(MODEL["fc.weight"], decoded["fc.weight"]) >= 50


def test_a_codebook_of_the_weight_is_chosen_for_the_whole_block():
    shared = RNG.choice(np.float32([-0.3, 0.01, 0.2]), (40, 30))
    model = {"l.weight": shared, "l.bias": numbers(40)}
    stream = encode(model, blocks="auto", codebook="auto")
    assert len(open_stream(stream).info("l.weight").member.codebook) == 3
    assert len(stream) < len(encode(model, blocks="auto"))


def test_what_cannot_be_in_a_block_gets_a_unit_of_its_own_when_blocks_are_found():
    model = MODEL | {"fc.bias": np.append(numbers(19), np.float32(np.inf))}
    stream = encode(
        model, blocks="auto", non_finite="raw", rules=(Rule("conv.b*", {"lossless": True}),)
    )
    assert ["conv.weight"] in units(stream)
    assert ["fc.weight"] in units(stream)
    assert decode(stream)["fc.bias"].tobytes() == model["fc.bias"].tobytes()


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ((Block("fc.weight"),), "only tensor"),
        ((Block("fc.weight", "gone"),), "not in the model"),
        ((Block("fc.weight", "conv.bias"),), "shape"),
        ((Block("steps", "fc.bias"),), "weight of type"),
        ((FC, Block("first", "fc.bias")), "shape|twice"),
        ((FC, FC), "twice"),
        ((Block("conv.weight", bn_beta="bn.bias"),), "four"),
    ],
)
def test_a_block_that_cannot_be_written_is_refused(blocks, why):
    with pytest.raises(UsageError, match=why) as caught:
        encode(MODEL, blocks=blocks)
    assert caught.value.id == "block-members"


def test_a_block_asked_for_is_not_split_quietly():
    model = MODEL | {"fc.bias": np.full(20, np.nan, np.float32)}
    with pytest.raises(UsageError) as caught:
        encode(model, blocks=(FC,), non_finite="raw")
    assert caught.value.id == "block-members"
    assert caught.value.place.tensor == "fc.bias"
    with pytest.raises(UsageError) as caught:
        encode(MODEL, blocks=(FC,), rules=(Rule("fc.bias", {"lossless": True}),))
    assert caught.value.id == "block-members"


def test_the_weight_accounts_for_the_bytes_of_its_block(tmp_path):
    report = encode_file(MODEL, tmp_path / "m.nnr", blocks="auto")
    by_name = {tensor.name: tensor for tensor in report.tensors}
    assert by_name.keys() == MODEL.keys()
    assert by_name["fc.bias"].unit_bytes == 0
    assert by_name["fc.weight"].tools == ("dq", "block")
    sizes = [unit.size for unit in open_stream(tmp_path / "m.nnr").units]
    assert sum(tensor.unit_bytes for tensor in report.tensors) == sum(sizes[2:])


def test_several_jobs_write_the_same_bytes():
    assert encode(MODEL, blocks="auto", jobs=3) == encode(MODEL, blocks="auto")


def test_settings_of_blocks_are_checked():
    for wrong in ("none", ["x"], 3):
        with pytest.raises(UsageError) as caught:
            EncodeSettings(blocks=wrong)
        assert caught.value.id == "setting-unknown"
    with pytest.raises(UsageError) as caught:
        encode(MODEL, rules=(Rule("fc.*", {"blocks": "auto"}),))
    assert caught.value.id == "setting-conflict"


def test_names_can_be_sent_once_and_referred_to():
    stream = encode(MODEL, blocks=(CONV,), indexed_names=True)
    opened = open_stream(stream)
    references = opened.units[2]
    assert references.nnr_unit_type == UnitType.NNR_TPL
    assert references.fields["topology_storage_format"] == TopologyStorageFormat.NNR_TPL_REFLIST
    assert sorted(references.fields["topology_elem_id_list"]) == sorted(MODEL)
    assert opened.info("fc.weight").unit.fields["topology_elem_id"] is None
    plain = decode(encode(MODEL, blocks=(CONV,)))
    assert all(np.array_equal(array, plain[name]) for name, array in decode(stream).items())
    check_against_the_literal_decoder(stream)


def test_one_name_is_sent_where_it_is_needed():
    stream = encode({"w": numbers(2, 2)}, indexed_names=True)
    assert list(decode(stream)) == ["w"]
    assert decode(encode({}, indexed_names=True)) == {}


@pytest.mark.parametrize("scan_order", [0, 1])
def test_dimensions_and_unary_lengths_can_be_given_out_of_band(scan_order):
    options = {"blocks": (FC,), "scan_order": scan_order, "cabac_unary_length_minus1": 4}
    stream, known = encode_out_of_band(MODEL, **options)
    assert known["fc.weight"] == OutOfBand((20, 17), 4)
    assert "fc.bias" not in known
    assert len(stream) < len(encode(MODEL, **options))
    expected = decode(encode(MODEL, **options))
    decoded = decode(stream, out_of_band=known)
    assert all(np.array_equal(decoded[name], array) for name, array in expected.items())
    elements = {
        name: {
            "tensor_dimensions": list(given.tensor_dimensions),
            "cabac_unary_length_minus1": given.cabac_unary_length_minus1,
        }
        for name, given in known.items()
    }
    literal = decode_stream(stream, out_of_band=elements)
    assert {tensor.name for tensor in literal.tensors} == MODEL.keys()
    with pytest.raises(NnrError) as caught:
        decode(stream)
    assert caught.value.id == "dimensions-unknown"


def test_raw_tensors_need_their_dimensions_too():
    stream, known = encode_out_of_band({"w": numbers(2, 3)}, lossless=True)
    assert known == {"w": OutOfBand((2, 3))}
    assert decode(stream, out_of_band=known)["w"].shape == (2, 3)


def test_limits_hold_for_dimensions_given_out_of_band():
    stream, _ = encode_out_of_band({"w": numbers(2, 3)}, lossless=True)
    with pytest.raises(NnrError):
        decode(
            stream, out_of_band={"w": OutOfBand((2**20, 3))}, limits=Limits(max_tensor_elements=9)
        )
