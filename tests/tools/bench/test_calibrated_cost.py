"""The cost of one layer with a calibration."""

import pytest

from nnref.tools.bench import calibrated_cost


@pytest.mark.parametrize("more", [[], ["--no-dq"]])
def test_seconds_bytes_and_memory_are_printed(capsys, more):
    calibrated_cost.main(["6", "40", *more])
    out = capsys.readouterr().out
    assert "6 x 40" in out
    seconds, size, peak = out.split()[-3:]
    assert float(seconds) >= 0
    assert int(size) > 30
    assert int(peak.replace(",", "")) > 10
