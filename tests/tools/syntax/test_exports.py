"""The forms of an answer hold what the answer holds."""

import json
import re
from html.parser import HTMLParser

import pytest

from nnref.spec.tables.rules import RULES
from nnref.tools.syntax import answer, answer_object, lines, markdown, page, streams, text
from nnref.tools.syntax.facts import facts

QUESTIONS = (None, "dq_flag", "codebook", "NNR_MPS", "9.3.2", "E", "codebook-empty", "sig_flag")
VOID = {"meta", "link", "br"}


class Balance(HTMLParser):
    """Checks that every tag is closed, and collects anchors and links."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.words = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("question", QUESTIONS)
def test_page_is_whole_and_its_links_lead_somewhere(question):
    parser = Balance()
    parser.feed(page(answer(question)))
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert {link.removeprefix("#") for link in parser.links} <= set(parser.ids)
    assert "http" not in page(answer(question))


def test_exports_of_everything_hold_every_element_and_rule():
    whole = answer(None)
    parser = Balance()
    parser.feed(page(whole))
    shown = set(parser.words)
    document = markdown(whole).replace("\\", "")
    for line in lines():
        assert line.element in shown
        assert f"### {line.element}" in document
    for rule in RULES:
        assert rule in shown
        assert f"`{rule}`" in document


@pytest.mark.parametrize("question", QUESTIONS)
def test_rows_of_markdown_tables_have_equal_numbers_of_cells(question):
    document = markdown(answer(question))
    for block in document.split("\n\n"):
        rows = [re.split(r"(?<!\\)\|", row) for row in block.splitlines() if row.startswith("|")]
        assert len({len(row) for row in rows}) <= 1


def test_text_of_everything_lists_every_table():
    shown = text(answer(None))
    for table in answer(None).tables:
        assert f"{table.title}  (clause {table.clause})" in shown
    for line in lines():
        assert re.search(rf"^  {re.escape(line.element)}( |$)", shown, re.MULTILINE)


def test_text_of_an_element_says_everything_known():
    shown = text(answer("dq_flag"))
    for label, fact in facts(answer("dq_flag").elements[0]):
        assert re.search(rf"^  {label} +{re.escape(fact)}$", shown, re.MULTILINE)
    assert "dq-with-codebook" in shown


def test_object_has_documented_keys_and_is_json():
    found = json.loads(json.dumps(answer_object(answer("scan_order"))))
    assert list(found) == ["title", "clauses", "structures", "elements", "rules", "functions"]
    (element,) = found["elements"]
    assert element["descriptor"] == "u(4)"
    assert element["values"] == "0..4"
    assert element["condition"] == "count_tensor_dimensions > 1"
    assert 1 <= len(element["streams"]) <= 5
    assert found["rules"][0].keys() == {"id", "kind", "clause", "text", "tolerated"}


def test_names_of_values_are_listed():
    found = answer_object(answer("nnr_compressed_data_unit_payload_type"))
    assert found["elements"][0]["enumeration"]["NNR_PT_BLOCK"] == 3
    assert "3 NNR_PT_BLOCK" in text(answer("nnr_compressed_data_unit_payload_type"))


@pytest.fixture
def index(tmp_path, monkeypatch):
    path = tmp_path / streams.INDEX
    monkeypatch.setattr(streams, "files", lambda package: tmp_path)
    streams._index.cache_clear()
    yield path
    streams._index.cache_clear()


def test_streams_of_the_suite_are_named(index):
    index.write_text(json.dumps({"elements": {"dq_flag": ["dq-on", "dq-off"]}}))
    assert "streams" in text(answer("dq_flag"))
    assert "dq-on, dq-off" in text(answer("dq_flag"))
    assert answer_object(answer("dq_flag"))["elements"][0]["streams"] == ["dq-on", "dq-off"]
    assert "dq-on" not in text(answer("scan_order"))


def test_without_an_index_nothing_is_said_of_streams(index):
    assert "streams" not in text(answer("dq_flag"))


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_unreadable_index_is_refused(index, content):
    index.write_text(content)
    with pytest.raises(OSError, match=streams.INDEX):
        text(answer("dq_flag"))
