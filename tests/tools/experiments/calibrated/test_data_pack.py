"""Inputs of a data pack: two parts of a file, and networks as modules."""

import numpy as np
import pytest
import torch

from nnref.spec.errors import NnrError
from nnref.tools.bench.workload import file_model
from nnref.tools.experiments.calibrated import pack_inputs
from nnref.tools.experiments.calibrated.data_pack import KINDS, data_pack
from nnref.tools.experiments.calibrated.pack_inputs import Stored
from tests.support import shared_dir
from tests.tools.experiments.calibrated.packs import INPUTS, write_pack


@pytest.fixture(name="network")
def given_network(tmp_path):
    write_pack(tmp_path)
    return data_pack(tmp_path, tmp_path / "own")["lenet300_mnist"]


def test_parts_of_a_file_share_no_input_and_leave_none_out():
    stored = Stored({"x": np.arange(13), "y": np.arange(13) * 2, "names": np.array("abc")})
    test, pool = stored.part(test=True), stored.part(test=False)
    assert sorted([*test.arrays["x"], *pool.arrays["x"]]) == list(range(13))
    assert np.array_equal(test.arrays["y"], 2 * test.arrays["x"])
    assert list(pool.arrays["x"]) == [0, 1, 5, 6, 10, 11]
    assert "names" not in test.arrays


def test_files_of_pictures_are_split_at_their_bounds():
    files = [b"a", b"bb", b"", b"dddd", b"ee", b"f"]
    bounds = np.cumsum([0, *map(len, files)])
    data = np.frombuffer(b"".join(files), np.uint8)
    stored = Stored({"jpeg": data, "offset": bounds, "y": np.arange(6)})
    test = stored.part(test=True).arrays
    assert test["jpeg"].tobytes() == b"ddddee"
    assert list(test["offset"]) == [0, 0, 4, 6]
    assert list(test["y"]) == [2, 3, 4]


def test_calibration_draws_from_its_part_by_its_seed(network):
    inputs = [network.calibration_inputs(seed)["x"] for seed in (0, 0, 1)]
    assert inputs[0].shape == (2048, 6, 6)
    assert np.array_equal(inputs[0], inputs[1])
    assert not np.array_equal(inputs[0], inputs[2])
    stored = np.load(network.eval_folder / "mnist_test3000.npz")["x"]
    pool = stored[np.arange(INPUTS) % 5 < 2]
    prepared = pack_inputs.DIGITS.prepare(Stored({"x": pool}))
    known = {np.sort(each, None).tobytes() for each in prepared}
    assert all(np.sort(each, None).tobytes() in known for each in inputs[2])


def test_module_gives_the_outputs_of_the_function_with_its_own_parameters(network):
    module = network.module()
    model = file_model(network.path)
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == {
        name: tensor.shape for name, tensor in model.items()
    }
    test = next(network.kind.task.batches(Stored.read(_test_file(network)), INPUTS))
    with torch.no_grad():
        expected = module(torch.from_numpy(test)).numpy()
    assert np.allclose(network.outputs(model), expected, atol=1e-6)


def _test_file(network):
    network.metrics(file_model(network.path))
    return network.test_folder / "mnist_test3000.npz"


def test_metrics_are_of_the_test_part(network):
    metrics = network.metrics(file_model(network.path))
    assert list(metrics) == ["top1_percent", "n"]
    assert metrics["n"] == INPUTS * 3 // 5


def test_windows_of_texts_lie_within_their_rows():
    tokens = np.arange(300).reshape(2, 150)
    pool = Stored({"tokens": tokens, "length": np.array([140, 130])})
    windows = pack_inputs.TEXT.draw(pool, np.random.default_rng(0))
    assert windows.shape == (128, 128)
    assert (np.diff(windows, axis=1) == 1).all()
    assert all(row[-1] < (140 if row[0] < 150 else 280) for row in windows)
    rows = list(pack_inputs.TEXT.batches(pool, 50))
    assert [row.shape for row in rows] == [(1, 139), (1, 129)]


def test_crops_keep_to_the_grid_of_blocks_and_rolls_keep_every_number():
    random = np.random.default_rng(0)
    pictures = np.arange(128 * 128, dtype=np.float32).reshape(1, 1, 128, 128).repeat(20, 0)
    crops = pack_inputs.RESTORATION.vary(pictures, random)
    assert crops.shape == (20, 1, 64, 64)
    corners = crops.min((1, 2, 3)).astype(int)
    assert all(corner // 128 % 8 == 0 and corner % 128 % 8 == 0 for corner in corners)
    sounds = random.normal(size=(3, 1, 4, 10))
    rolled = pack_inputs.SOUNDS.vary(sounds, random)
    assert np.array_equal(np.sort(rolled, -1), np.sort(sounds, -1))


def test_delays_and_shifts_move_no_further_than_they_say():
    random = np.random.default_rng(0)
    clips = np.arange(40, dtype=np.float32).repeat(3).reshape(1, 40, 3).repeat(50, 0)
    delayed = pack_inputs.KEYWORDS.vary(clips, random)
    assert {float(each) for each in np.unique(delayed - clips)} == {-2, -1, 0, 1, 2}
    assert (np.diff(delayed, axis=1) >= 0).all()
    pictures = np.zeros((50, 3, 9, 9), np.float32)
    pictures[:, :, 4, 4] = 1
    moved = pack_inputs.CIFAR_VGG.vary(pictures, random)
    assert (moved.sum((2, 3)) == 1).all()
    assert moved[:, :, 2:7, 2:7].sum() == 150


def test_folder_without_an_evaluator_is_refused(tmp_path):
    with pytest.raises(NnrError, match=r"eval_models\.py: no such file"):
        data_pack(tmp_path, tmp_path)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["lenet300_mnist", "resnet20_cifar10", "stories260k"])
def test_networks_of_the_pack_run_in_both_ways(name, tmp_path):
    networks = data_pack(shared_dir() / "data", tmp_path)
    assert list(networks) == list(KINDS)
    network = networks[name]
    some = torch.from_numpy(network.calibration_inputs(0)["x"][:2])
    with torch.no_grad():
        outputs = network.module()(some)
    assert outputs.shape[-1] == network.outputs(file_model(network.path)).shape[-1]
