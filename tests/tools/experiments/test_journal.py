"""Points are measured once, also over an interruption."""

from nnref.tools.experiments.journal import Journal


def test_point_is_measured_once_and_known_to_the_next_run(tmp_path):
    path = tmp_path / "out" / "points.jsonl"
    first = Journal(path)
    assert first.point({"row": "a", "sqnr": 10.0}, lambda: {"bytes": 5}) == {"bytes": 5}
    again = Journal(path)
    assert again.point({"sqnr": 10.0, "row": "a"}, lambda: {"bytes": 6}) == {"bytes": 5}
    assert again.point({"sqnr": 11.0, "row": "a"}, lambda: {"bytes": 6}) == {"bytes": 6}
    assert (first.measured, again.measured) == (1, 1)


def test_line_that_was_cut_off_is_measured_again(tmp_path):
    path = tmp_path / "points.jsonl"
    journal = Journal(path)
    journal.point({"row": "a"}, lambda: {"bytes": 5})
    journal.point({"row": "b"}, lambda: {"bytes": 6})
    path.write_text(path.read_text()[:-9])
    again = Journal(path)
    assert again.point({"row": "a"}, lambda: {"bytes": 0}) == {"bytes": 5}
    assert again.point({"row": "b"}, lambda: {"bytes": 7}) == {"bytes": 7}
    assert Journal(path).point({"row": "b"}, lambda: {"bytes": 0}) == {"bytes": 7}


def test_values_keep_their_order_because_the_first_metric_counts(tmp_path):
    metrics = {"top1": 80.0, "n": 3.0}
    Journal(tmp_path / "points.jsonl").point({"row": 1}, lambda: {"metrics": metrics})
    again = Journal(tmp_path / "points.jsonl").point({"row": 1}, dict)
    assert list(again["metrics"]) == ["top1", "n"]
