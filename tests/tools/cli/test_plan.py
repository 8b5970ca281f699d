"""nnref plan: a table of qualities, every tensor, or an object."""

import pytest

from nnref.codec import encode


def test_table_has_a_row_for_every_quality(run, model):
    status, out, _ = run("plan", model)
    assert status == 0
    assert [f"{sqnr} dB" in out for sqnr in range(10, 45, 5)] == [True] * 7
    status, out, _ = run("plan", model, "--qp", "-20,-24", "--tensors")
    assert "qp -24" in out
    assert "conv.bias" in out


def test_object_has_the_bytes_that_encode_writes(run_json, model):
    status, found, _ = run_json("plan", model, "--sqnr", "12,30", "--effort", "fast")
    assert (status, found["schema"]) == (0, "nnref.plan/1")
    sizes = [plan["bytes"] for plan in found["plans"]]
    assert sizes == [len(encode(model, sqnr=s, effort="fast")) for s in (12.0, 30.0)]
    assert [plan["sqnr"] for plan in found["plans"]] == [12, 30]
    assert found["plans"][0]["tensors"][0]["exact"] is True


@pytest.mark.parametrize(
    "options", [("--sqnr", "10,x"), ("--sqnr", "10", "--qp", "-3"), ("--sqnr", "-4")]
)
def test_lists_that_are_none_are_refused(run, model, options):
    status, _, error = run("plan", model, *options)
    assert status == 2
    assert error.startswith("nnref: error[")
