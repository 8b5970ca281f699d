"""docs/methods/video.md: the example runs, and the tests that it names are there."""

import re
from pathlib import Path

from tests.support import needs_pictures

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "methods" / "video.md").read_text(encoding="utf-8")


def test_example_of_an_update_is_what_the_codec_does():
    needs_pictures()
    block = re.search(r"<!-- example: update -->\n```python\n(.*?)```\n", TEXT, re.DOTALL)
    assert block is not None
    exec(compile(block[1], "docs/methods/video.md", "exec"), {})


def test_tests_that_are_named_as_evidence_are_there():
    named = re.findall(r"`(tests/[\w/]+\.py)`(?:, `(test_\w+)`)?", TEXT)
    assert len(named) >= 5
    for path, function in named:
        assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8") or not function
