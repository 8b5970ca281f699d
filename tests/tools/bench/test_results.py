"""Rows state rates of both sides; a ratio above 1 is always in favour of nnref."""

import json

from rich.console import Console

from nnref.tools.bench.results import Results, Row, figure_row, speed_row
from nnref.tools.bench.timing import Spread, Timing


def test_speed_is_work_per_median_second():
    row = speed_row("decode", "Mbins/s", 12.0, Timing([1.0, 2.0, 4.0], [6.0, 6.0, 6.0]))
    assert (row.ours, row.theirs) == (6.0, 2.0)
    assert row.ratio == Spread(3.0, 1.5, 6.0)


def test_fewer_bytes_give_a_ratio_above_one():
    assert figure_row("stream", "bytes", 100, 150).ratio == Spread(1.5, 1.5, 1.5)


def test_row_without_peer_has_no_ratio():
    assert speed_row("decode", "Mbins/s", 1.0, Timing([1.0], [])).ratio is None
    assert figure_row("import", "s", 0.3) == Row("import", "s", 0.3)


def test_json_holds_every_table(tmp_path):
    results = Results()
    quiet = Console(quiet=True)
    results.add("one", [figure_row("a", "s", 1.0)], quiet)
    results.add("two", [figure_row("b", "s", 2.0, 4.0)], quiet)
    results.write(tmp_path / "out.json")
    tables = json.loads((tmp_path / "out.json").read_text())["tables"]
    assert tables["one"][0]["theirs"] is None
    assert tables["two"][0]["ratio"] == {"median": 2.0, "low": 2.0, "high": 2.0}


def test_table_prints_brackets_of_the_spread():
    console = Console(width=140)
    row = speed_row("decode", "Mbins/s", 12.0, Timing([1.0, 2.0], [6.0, 6.0]))
    with console.capture() as captured:
        Results().add("title", [row], console)
    assert "[3.00, 6.00]" in captured.get()
