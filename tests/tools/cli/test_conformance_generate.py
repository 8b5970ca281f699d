"""`nnref conformance generate`: random suites."""

from nnref.conformance.suite import load
from nnref.tools.cli import app


def test_random_suite_is_a_suite_and_depends_on_its_seed(tmp_path, capsys):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        arguments = ["--random", "6", "--seed", str(seed), "-o", str(tmp_path / name)]
        assert app.run(["conformance", "generate", *arguments]) == 0
    assert " cases, " in capsys.readouterr().out
    one, same, other = (load(tmp_path / name) for name in "abc")
    assert one == same
    assert one != other
    assert len(one) >= 6
    assert {sheet.group for sheet in one} == {"random"}


def test_random_streams_do_not_replace_the_installed_suite(capsys):
    assert app.run(["conformance", "generate", "--random", "1"]) == 2
    assert "-o DIR" in capsys.readouterr().err
