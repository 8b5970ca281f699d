"""Capabilities files: what is read, and what is refused."""

import json

import pytest

from nnref.conformance.runner import Capabilities, read_capabilities
from nnref.spec.errors import FileError

GOOD = {
    "schema": "nnref.capabilities/1",
    "decoder": "mydec",
    "version": "0.3",
    "profiles": [0],
    "dialects": ["nncodec-2.x"],
    "without": ["block", "codebook"],
}


def test_file_is_read_back_as_it_is(tmp_path):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(GOOD))
    assert read_capabilities(path).as_dict() == GOOD


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "other/1"}, "schema"),
        ({"profile": 1}, "unknown key 'profile'"),
        ({"decoder": 3}, "'decoder'"),
        ({"profiles": [2]}, "'profiles' has only 0, 1"),
        ({"profiles": [True]}, "'profiles' has to be a list of int"),
        ({"dialects": ["nncodec-3"]}, "'dialects' has only"),
        ({"without": "dq"}, "'without' has to be a list"),
    ],
)
def test_file_that_says_something_else_is_refused(tmp_path, change, words):
    path = tmp_path / "claims.json"
    path.write_text(json.dumps(GOOD | change))
    with pytest.raises(FileError, match=words):
        read_capabilities(path)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_file_that_is_no_object_is_refused(tmp_path, content):
    path = tmp_path / "claims.json"
    path.write_text(content)
    with pytest.raises(FileError):
        read_capabilities(path)
    with pytest.raises(FileError, match="no-such"):
        read_capabilities(tmp_path / "no-such.json")


def test_claims_by_profile_dialect_and_feature(cases):
    case = cases["dependent"]
    assert not Capabilities().unclaimed(case)
    assert Capabilities(profiles=(0,)).unclaimed(case) == "profile 1 is not claimed"
    assert "dialect" in Capabilities(dialects=("nncodec-1.0",)).unclaimed(case)
    assert Capabilities(without=("dq", "other")).unclaimed(case) == "not claimed: dq"
