"""Whatever does the work, and however many at a time: the same bytes, the same errors."""

import pickle
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from nnref.codec import decode, decode_file, encode, encode_file, open_stream
from nnref.codec.decoder import batches
from nnref.codec.model import open_model
from nnref.codec.parallel import Workers, workers
from nnref.spec.errors import NnrError, UsageError

EXAMPLES = Path(__file__).resolve().parents[2] / "spec/document/examples"


class FarAway(Executor):
    """Runs a call when its result is asked for, on copies of everything, as another machine."""

    def __init__(self):
        self.waiting = self.most_waiting = self.calls = 0

    def submit(self, function, /, *args, **kwargs):
        sent = pickle.dumps((function, args, kwargs))
        self.calls += 1
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        executor, future = self, Future()

        class Late(Future):
            def result(self, timeout=None):
                executor.waiting -= 1
                function, args, kwargs = pickle.loads(sent)
                try:
                    future.set_result(function(*args, **kwargs))
                except Exception as error:
                    future.set_exception(pickle.loads(pickle.dumps(error)))
                return pickle.loads(pickle.dumps(future.result()))

        return Late()


def model(tensors=7):
    random = np.random.default_rng(3)
    floats = {
        f"layer{i}.weight": random.laplace(0, 0.1, (40 + 30 * i, 64)).astype(np.float32)
        for i in range(tensors)
    }
    return floats | {
        "scale": np.array(0.25, np.float16),
        "raw": np.array([1.0, np.nan], np.float32),
        "steps": np.arange(-5000, 5000, dtype=np.int64).reshape(100, 100),
        "empty": np.zeros((0, 3), np.float32),
    }


def stream(**options):
    return encode(model(), non_finite="raw", **options)


def equal(left, right):
    return list(left) == list(right) and all(
        left[name].dtype == right[name].dtype
        and left[name].shape == right[name].shape
        and left[name].tobytes() == right[name].tobytes()
        for name in left
    )


def outcome(source, executor):
    try:
        return decode(source, executor=executor)
    except NnrError as error:
        return str(error)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(batches, "BATCH_WEIGHTS", 5000)
    monkeypatch.setattr(batches, "PAIR_WEIGHTS", 12000)


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("scan_order", [0, 2])
def test_bytes_and_tensors_do_not_depend_on_the_number_of_jobs(jobs, scan_order, small_batches):
    one = stream(scan_order=scan_order)
    assert stream(scan_order=scan_order, jobs=jobs) == one
    alone = {name: open_stream(one)[name] for name in open_stream(one)}
    assert equal(decode(one, jobs=jobs), alone)


def test_any_executor_does_the_work_unchanged(small_batches):
    one = stream()
    alone = decode(one)
    for executor in (FarAway(), ThreadPoolExecutor(2)):
        with executor:
            assert stream(executor=executor) == one
            assert equal(decode(one, executor=executor), alone)


def test_processes_do_the_work_unchanged(tmp_path):
    one = stream()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        encode_file(model(), tmp_path / "m.nnr", executor=executor, jobs=1, non_finite="raw")
        assert (tmp_path / "m.nnr").read_bytes() == one
        decode_file(tmp_path / "m.nnr", tmp_path / "m.npz", executor=executor, jobs=1)
    with open_model(tmp_path / "m.npz") as decoded:
        assert equal({name: decoded.read(name) for name in decoded.names()}, decode(one))


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.nnr")), ids=lambda path: path.stem)
def test_work_on_every_tool_of_the_examples_can_be_sent_away(path):
    here, away = (outcome(path, executor) for executor in (None, FarAway()))
    assert type(here) is type(away)
    assert equal(here, away) if isinstance(here, dict) else here == away


def test_only_so_many_calls_wait_at_a_time(small_batches):
    executor = FarAway()
    decode(stream(), executor=executor, jobs=2)
    assert executor.calls > 3
    assert executor.most_waiting == 3


def test_the_first_error_in_the_order_of_the_stream_is_raised(small_batches):
    damaged = bytearray(stream())
    units = [tensor.unit for tensor in open_stream(bytes(damaged)).tensors()]
    for unit in (units[5], units[2]):
        damaged[unit.offset + unit.size - 1] ^= 0xFF
        damaged[unit.offset + unit.size - 2] ^= 0xFF
    with pytest.raises(NnrError) as one:
        decode(bytes(damaged))
    assert one.value.place.unit == units[2].index
    for options in ({"jobs": 3}, {"executor": FarAway()}):
        with pytest.raises(NnrError) as several:
            decode(bytes(damaged), **options)
        assert str(several.value) == str(one.value)


def test_an_encoder_error_names_the_tensor_whoever_found_it():
    broken = model() | {"bad": np.array([np.nan], np.float32)}
    del broken["raw"]
    for options in ({}, {"jobs": 3}, {"executor": FarAway()}):
        with pytest.raises(UsageError) as caught:
            encode(broken, **options)
        assert caught.value.place.tensor == "bad"


def test_findings_come_back_from_workers():
    unit = open_stream(stream()).info("layer1.weight").unit
    odd = bytearray(stream())
    odd[unit.offset + unit.size - 1] ^= 1
    for executor in (None, FarAway()):
        opened = open_stream(bytes(odd))
        assert len(list(opened.decoded(executor=executor))) == len(opened)
        assert [finding.id for finding in opened.findings] == ["payload-stop-bit"]


def test_calls_that_have_not_begun_are_cancelled_after_an_error():
    class Reluctant(Executor):
        def __init__(self):
            self.futures = []

        def submit(self, function, /, *args, **kwargs):
            self.futures.append(Future())
            if len(self.futures) == 1:
                self.futures[0].set_exception(KeyError("broken"))
            return self.futures[-1]

    executor = Reluctant()
    with pytest.raises(KeyError, match="broken"):
        next(Workers(executor, 2).map(abs, ((n,) for n in range(9))))
    assert [future.cancelled() for future in executor.futures] == [False, True, True]


@pytest.mark.parametrize("jobs", [0, -1])
def test_jobs_are_positive(jobs):
    with pytest.raises(UsageError), workers(jobs, None):
        pass
