"""`nnref syntax`."""

import pytest


def test_element_is_explained(run):
    status, out, err = run("syntax", "dq_flag")
    assert (status, err) == (0, "")
    assert "  descriptor  u(1)" in out
    assert "clause 7.8.1 (Payload type)" in out


def test_everything_is_listed_without_a_question(run):
    status, out, _ = run("syntax")
    assert status == 0
    for title in ("nnr_unit()", "codebook()", "arithmetic codeword"):
        assert f"\n{title}  (clause " in out


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("text", "NNR_NDU\n"),
        ("markdown", "# NNR\\_NDU\n"),
        ("html", "<!doctype html>"),
        ("json", "{"),
    ],
)
def test_forms(run, tmp_path, form, start):
    status, out, _ = run("syntax", "NNR_NDU", "--format", form)
    assert status == 0
    assert out.startswith(start)
    path = tmp_path / "out"
    assert run("syntax", "NNR_NDU", "--format", form, "-o", path) == (0, "", "")
    assert path.read_text() == out


def test_json_option_is_the_json_form(run, run_json):
    status, found, _ = run_json("syntax", "9.3.2")
    assert (status, found["schema"]) == (0, "nnref.syntax/1")
    assert found["title"] == "9.3.2 Context bins"
    assert [one["name"] for one in found["functions"]][-1] == "engine.ArithmeticDecoder.context_bin"
    assert run("syntax", "9.3.2", "--format", "json")[1] == run("syntax", "9.3.2", "--json")[1]


def test_unknown_name_is_a_usage_error_that_suggests_names(run):
    status, out, err = run("syntax", "sig_flg")
    assert (status, out) == (2, "")
    assert "close to it: sig_flag" in err


def test_output_that_cannot_be_written_is_a_file_error(run, tmp_path):
    assert run("syntax", "dq_flag", "-o", tmp_path)[0] == 7
