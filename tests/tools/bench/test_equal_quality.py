"""Bytes of both codecs at one SQNR: the peer's are interpolated, and its best setting counts."""

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from nnref.codec import Rule, decode, encode, open_stream
from nnref.codec.quantization import choose_qp
from nnref.spec.errors import NnrError
from nnref.tools.bench.__main__ import main
from nnref.tools.bench.equal_quality import compare_each, compare_total, networks, quality_tables
from nnref.tools.bench.workload import laplacian


class NearestValues:
    """Codes as NNCodec does where it weighs no bits; `spoil` is added to what it decodes."""

    def __init__(self, spoil=0.0):
        self.spoil, self.asked = spoil, []

    def compress(self, tensors, options):
        self.asked.append(options)
        qps = options.get("qp_per_tensor") or {n: options["qp"] for n in tensors if n != "b"}
        rules = tuple(Rule(name, {"qp": qp}) for name, qp in qps.items())
        search = "exact" if options["param_opt"] else "off"
        return encode(tensors, rules=rules, effort="fast", shift_search=search, qp_density=2)

    def decompress(self, stream):
        return {name: array + np.float32(self.spoil) for name, array in decode(stream).items()}


def model():
    return {"w": laplacian(6000, 0.02), "b": np.linspace(-1, 1, 9, dtype=np.float32)}


def unit_size(qp, search):
    options = {"qp_per_tensor": {"w": qp}, "param_opt": search}
    stream = NearestValues().compress(model(), options)
    return open_stream(stream).info("w").unit.size


def test_nearest_values_take_more_bytes_at_equal_sqnr():
    found = compare_each("net", model(), 14.0, NearestValues())
    assert 1.01 < found.theirs.weights / found.ours.weights < 1.10
    assert found.ours.file > found.ours.weights > 0


def test_peer_is_interpolated_between_two_steps_of_its_best_setting():
    peer = NearestValues()
    found = compare_each("net", model(), 14.0, peer)
    qp = choose_qp(model()["w"], sqnr_db=14.0, qp_density=2, dq_flag=True)
    assert unit_size(qp + 1, True) < found.theirs.weights < unit_size(qp, True)
    assert unit_size(qp, True) < unit_size(qp, False)
    assert {(o["param_opt"], o["lambda_scale"] > 0) for o in peer.asked} == {
        (True, True),
        (True, False),
        (False, True),
        (False, False),
    }


def test_total_sqnr_is_that_of_all_weights_with_one_qp():
    peer, two = NearestValues(), model() | {"v": laplacian(3000, 0.1, 2)}
    found = compare_total("net", two, 14.0, peer)
    assert 1.005 < found.theirs.weights / found.ours.weights < 1.12
    sizes = {}
    for options in tuple(peer.asked):
        sizes.setdefault(options["param_opt"], []).append(len(peer.compress(two, options)))
    assert min(sizes[True]) < found.theirs.file < max(sizes[True])


def test_stream_that_the_peer_reads_otherwise_ends_the_comparison():
    with pytest.raises(NnrError) as caught:
        compare_each("net", model(), 14.0, NearestValues(spoil=1.0))
    assert caught.value.id == "comparison-failed"


def test_tables_have_a_row_for_each_network_and_the_geometric_mean(tmp_path):
    save_file(model(), tmp_path / "one.safetensors")
    (tmp_path / "two").mkdir()
    save_file({"w": laplacian(3000, 1.0)}, tmp_path / "two" / "model.safetensors")
    tables = dict(quality_tables(tmp_path, [12.0], NearestValues(), "each"))
    assert list(tables) == ["files at 12 dB (each)", "weight tensors at 12 dB (each)"]
    *rows, mean = tables["weight tensors at 12 dB (each)"]
    assert [row.what for row in rows] == ["one", "two"]
    ratios = [row.theirs / row.ours for row in rows]
    assert mean.theirs == pytest.approx((ratios[0] * ratios[1]) ** 0.5)


def test_folder_without_networks_is_refused(tmp_path):
    with pytest.raises(NnrError) as caught:
        networks(tmp_path)
    assert caught.value.id == "file-not-found"


def test_command_says_what_it_needs(tmp_path):
    result = CliRunner().invoke(main, ["equal-quality"], env={"NNREF_PEER_PYTHON": ""})
    assert result.exit_code == 2
    assert "--peer-python and --data" in result.output
