"""Random update chains are the same for the same seed and reach what updates can hold."""

import numpy as np

from nnref.codec import Chain, encode_file
from nnref.conformance.interop.chains import random_chain_case

CASES = [random_chain_case(7, index) for index in range(120)]


def test_chain_depends_on_seed_and_index_alone():
    again = random_chain_case(7, 40)
    assert again.settings == CASES[40].settings
    for mine, theirs in zip(again.models, CASES[40].models, strict=True):
        assert list(mine) == list(theirs)
        assert all(array.tobytes() == theirs[name].tobytes() for name, array in mine.items())


def test_models_of_a_chain_keep_names_types_and_shapes():
    for case in CASES:
        kinds = [[(n, t.dtype, t.shape) for n, t in model.items()] for model in case.models]
        assert all(kind == kinds[0] for kind in kinds)
        assert all(dtype in (np.float32, np.int32) for _, dtype, _ in kinds[0])
        assert case.settings.profile == 1
    assert {len(case.models) for case in CASES} == {3, 4, 5, 6}


def test_some_tensors_stay_and_most_change():
    pairs = [
        (before[name], after[name])
        for case in CASES
        for before, after in zip(case.models, case.models[1:], strict=False)
        for name in before
    ]
    same = sum(np.array_equal(before, after) for before, after in pairs)
    assert len(pairs) / 20 < same < len(pairs) / 2


def test_what_nncodec_cannot_encode_with_a_block_scan_is_left_out():
    tensors = [t for case in CASES if case.settings.scan_order for t in case.models[0].values()]
    assert not [t for t in tensors if t.ndim > 1 and t.size in (t.shape[0], t[0].size)]


def test_updates_of_the_chains_use_every_tool(tmp_path):
    tools = set()
    for case in CASES[:16]:
        chain = Chain()
        for number, model in enumerate(case.models):
            base = {"base": chain, "parent_id": case.parent_id} if number else {}
            path = tmp_path / "stream.nnr"
            report = encode_file(model, path, device_id=0, **base, **case.settings.for_nnref())
            tools |= {tool for tensor in report.tensors for tool in tensor.tools}
            chain = chain.after(path.read_bytes())
    assert {"increment", "complete", "unchanged", "temporal", "history", "row-skip"} <= tools
    assert {case.parent_id for case in CASES} == {"ids", "sha256", "sha512"}
