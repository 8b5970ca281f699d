"""Payloads that were written down by another encoder."""

import numpy as np
import pytest

from nnref.codec.entropy import EntryPoint, PayloadDecoder, PayloadEncoder, TensorSyntax

BASE = np.array([3, 3, 3, 3, 3, 4, 0, 3, 2, 0, -2, 1], np.int32)
EXAMPLES = {
    "one-dimensional, qp in front": (
        TensorSyntax(4, 1, 1),
        [0, 1, -1, 4],
        {"shift_search": "off"},
        "d9b3012f417c",
    ),
    "dependent quantization, row skipping": (
        TensorSyntax(3, 3, 2, dq_flag=1, parent=True),
        [2, -4, 5, 0, 0, 0, -1, 0, 4],
        {"shift_search": "off", "row_skip": True},
        "7d100076db21b0",
    ),
    "temporal contexts, compatible search": (
        TensorSyntax(2, 6, 2, parent=True, temporal=True),
        [3, 3, 4, 3, 3, 5, 0, 3, 3, 9, -2, 3],
        {"shift_search": "compatible", "base": BASE},
        "27679fa040468591b0f680",
    ),
    "two block rows": (
        TensorSyntax(9, 2, 2, scan_order=1),
        [1, 0, -2, 0, 0, 3, 1, 1, 0, 0, -1, 0, 2, 0, 0, 0, 5, -1],
        {"shift_search": "off"},
        "46801d8f94d177c1ff",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_payload_is_the_published_one(name):
    syntax, quantized, options, expected = EXAMPLES[name]
    encoder = PayloadEncoder()
    if "qp" in name:
        encoder.iae(8, -38)
    encoder.encode_tensor(np.array(quantized, np.int32), syntax, **options)
    payload = encoder.finish()
    assert payload.hex() == expected
    decoder = PayloadDecoder(payload)
    if "qp" in name:
        assert decoder.iae(8) == -38
    assert decoder.decode_tensor(syntax, options.get("base")).tolist() == quantized
    assert decoder.finish(strict=True) == len(payload)


def test_entry_point_is_the_published_one():
    syntax, quantized, _, payload = EXAMPLES["two block rows"]
    decoder = PayloadDecoder(bytes.fromhex(payload))
    expected = [EntryPoint(bit_offset=36, offset=70, dq_state=0)]
    decoder.decode_tensor(syntax, entry_points=expected)
    assert decoder.entry_points == expected
    last_row = PayloadDecoder(bytes.fromhex(payload)).decode_block_rows(syntax, expected, 1, 2)
    assert last_row.tolist() == quantized[16:]


def test_registers_before_the_terminate_bin_are_the_published_ones():
    syntax, _, _, payload = EXAMPLES["dependent quantization, row skipping"]
    decoder = PayloadDecoder(bytes.fromhex(payload))
    decoder.decode_tensor(syntax)
    assert decoder.state[:2] == (256, 255)
