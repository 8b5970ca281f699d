"""One report, two ways to write it."""

from nnref.tools.experiments.document import Heading, Items, Picture, Table, Text, markdown
from nnref.tools.experiments.page import page


def blocks(folder):
    picture = folder / "pictures" / "a.svg"
    picture.parent.mkdir()
    picture.write_text("<svg/>")
    return [
        Heading("Report", 1),
        Text("Printed by `nnref`, 1 < 2."),
        Heading("Net"),
        Table(["row", "bytes"], [["URQ & co", "12"]]),
        Items(["one", "two"]),
        Picture("curves", picture),
    ]


def test_markdown_names_pictures_beside_it(tmp_path):
    assert markdown(blocks(tmp_path), tmp_path) == (
        "# Report\n\nPrinted by `nnref`, 1 < 2.\n\n## Net\n\n"
        "| row | bytes |\n| --- | ---: |\n| URQ & co | 12 |\n\n- one\n- two\n\n"
        "![curves](pictures/a.svg)\n"
    )


def test_page_holds_everything_and_links_its_sections(tmp_path):
    text = page(blocks(tmp_path))
    assert "<title>Report</title>" in text
    assert "<code>nnref</code>, 1 &lt; 2." in text
    assert "<td>URQ &amp; co</td>" in text
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+"' in text
    assert '<a href="#s2">Net</a>' in text
    assert '<h2 id="s2">Net</h2>' in text
