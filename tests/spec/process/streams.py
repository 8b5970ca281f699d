"""Small streams of the tests, as hex, and the bits of hand-made ones."""

START = {profile: bytes([0, 4, 2, profile]) for profile in (0, 1, 2)}
MPS = bytes.fromhex("0008068100400080")
MPS_UPDATES = bytes.fromhex("0008068108400080")

FLOAT_P0 = START[0] + MPS + bytes.fromhex("00131609770030482820a080f399001454500e")
"""w = [[0.5, -0.25], [1, 0]], qp -12."""
BLOCK_LS_BIAS = (
    START[0]
    + MPS
    + bytes.fromhex(
        "00060e030000"
        "0031161d81806300635f7363616c696e670064003a482820a080"
        "eba1001340154000779dcd8010100017d2000051514038"
    )
)
INT_P0 = bytes.fromhex("00040200000806810040008000060e00000000101601770060905041418d001bf957")
INT_P1 = bytes.fromhex("00040201000806810040008000060e000000001316017800d041824141054146800dfcab80")
FLOAT_P1 = bytes.fromhex(
    "00040201000806810040008000060e000000002c160966632e77656967687400d041c120a0c2a080d96c803b0a"
    "58656df8540a3800ba12768da48b8f31780021160966632e6269617300d0c1c3820a80b4d8000738000a9c2000"
    "0003669321"
)
OUT_OF_BAND = bytes.fromhex("00040200000806810040008000060e000000000f160977004008f39900094f11c0")
UPDATES = tuple(
    bytes.fromhex("00040201000806810840008000060e00000000" + units)
    for units in (
        "1916097700d046270486850a82f777a900142d31fc8a653e001216096200d0c6270e182af3990013063c",
        "1916097700d04a670486850a82f777a90001f78df69f42e8001316096200d0ca670e182af39900048ff560",
        "1916097700d04e670486850a82f777a90000e3273057d1ac",
    )
)
CODEBOOK_P1 = (
    START[1] + MPS + bytes.fromhex("001c16097700d04309c654ea92a3aa752c120a0c2a08d570af1cbee0")
)
ENTRY_POINTS = (
    START[0]
    + MPS
    + bytes.fromhex(
        "00441609770070494890a13c312663a0e0f7950009e6e0986f05879de05e1ce515c36c594309d4f92df8b2c4"
        "dac4b1f920a05f65f4e0ae18415110c7e7f443c68413fc2c"
    )
)
LOW_RANK_CODEBOOKS = (
    START[0]
    + MPS
    + bytes.fromhex(
        "0079161d818066632e7765696768745f470066632e7765696768745f480066632e6269617300810901ffb736e2"
        "ca414484837417f410ef9d00102cf69e09b793e9b8eea001e89793c4600ee27510e23630784287591ab8e31fca"
        "0643fbb9c90005a6b54a6913115f40a5391e897e9030ad1a5858907c1b7adb"
    )
)
LOW_RANK_ENTRY_POINTS = (
    START[0]
    + MPS
    + bytes.fromhex(
        "00bb161d818066632e7765696768745f470066632e7765696768745f480066632e62696173007949c494920a13"
        "df1765ba088fbb30ef9d00164fa5547399dfdc58009ef2f18ec42219f35d74eee5558e466f6f8a61e1526e7afe"
        "ae5efa7d5937c37f12052e3c9b197e1f64b1f8a55dd5bcaf326ea72b81023bf9bfbf9345c3460005a0c86ea231"
        "7865ea168df1125b4e097bbe80316d63483cda96b6514a20911f77210c0fb25d57131ad670390aa84b48dbabdd"
        "a76a997e383c96"
    )
)
BLOCK_ALL = bytes.fromhex(
    "00040200000806810040008000060e00000000d9161d8580636f6e762e77656967687400636f6e762e77656967"
    "68745f7363616c696e6700626e2e6269617300626e2e77656967687400626e2e72756e6e696e675f6d65616e00"
    "626e2e72756e6e696e675f76617200636f6e762e62696173007e6848283830a080e3a9000738068a10015e7001"
    "81e0016d55700006b54f4d25800dc0740011800d500005e80017ca0050bac60008a4aa8ca68005200a80900a7d"
    "00210c00924d00005b6b3ab381926f4c6d668e6de2c0ffb40272296bb180f13829182550058cec0c208be1b8fe"
    "713aa91fccf772cf466e"
)
PERFORMANCE_MAPS = bytes.fromhex(
    "006606f9004000"
    "02 0000003f0000803e0000403f 02 83 cdcccc3dcdcc4c3e"
    "03 0000003f0000803e 01 81 9a99993e 0000003f0000803e 01 81 9a99993e"
    "02 584858 030809 0204 cdcccc3dcdcc4c3e 01 81 9a99993e"
    "02 0ad7233c3333333f0000003f 0001 9a99193f"
    "80"
)
LNQ_CLASSES = bytes.fromhex(
    "000402010008060100601e80001bf66e6e726d017430002414660c0cca90900b9b000818c9e545"
)
"""Two classes, the first all zero; dq_flag 1 with offsets."""
LNQ_DIRECT = bytes.fromhex(
    "000402010008060100000080002bf66e6e726d01743000341424141c04a47090405ba7dc00b68280b5aacaa8"
    "814f68ba350d96d873a1b8"
)
"""Units of kernels with codebooks of their own, some taken over, some empty; shared contexts."""
LNQ_PREDICTED = bytes.fromhex(
    "000402010008060100400080001ff66e6e726d01743000242c3c049e2cca023959431ddd92ab7ddb4e3aa1"
)
"""Predicted codebooks beside a codebook of the layer."""
LNQ_DICTIONARY = bytes.fromhex(
    "000402010008060100e00080001ff66e6e726d017430002c141c2614a2f4530411885e20fe4a74349e80ae"
)
"""A dictionary with an empty entry, units in one order, dq_flag 1."""
LNQ = (LNQ_CLASSES, LNQ_DIRECT, LNQ_PREDICTED, LNQ_DICTIONARY)
ALL = (
    FLOAT_P0,
    BLOCK_LS_BIAS,
    INT_P0,
    INT_P1,
    FLOAT_P1,
    *UPDATES[:2],
    CODEBOOK_P1,
    ENTRY_POINTS,
    LOW_RANK_CODEBOOKS,
    LOW_RANK_ENTRY_POINTS,
    BLOCK_ALL,
    *LNQ,
)
"""Streams that decode, the second update after the first."""


def bit_bytes(*fields: str | tuple[int, int]) -> bytes:
    """Bits given as text or as (number of bits, value), filled up with zeros to whole bytes."""
    text = "".join(
        field if isinstance(field, str) else f"{field[1] % (1 << field[0]):0{field[0]}b}"
        for field in fields
    )
    text += "0" * (-len(text) % 8)
    return int(text or "0", 2).to_bytes(len(text) // 8, "big")


def unit(unit_type: int, body: bytes, *, long: bool = False, counter: int | None = None) -> bytes:
    """A unit with a size field of two bytes, or of four."""
    present = 0 if counter is None else 1
    header = bit_bytes((6, unit_type), (1, 1), (1, present))
    body = header + (b"" if counter is None else bytes([counter])) + body
    if long:
        return bit_bytes((1, 1), (31, len(body) + 4)) + body
    return bit_bytes((1, 0), (15, len(body) + 2)) + body
