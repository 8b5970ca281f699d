"""Long help pages have headings."""

import click
from click.testing import CliRunner

from nnref.tools.cli.encode import SECTIONS, command
from nnref.tools.cli.sections import SectionedCommand


@click.command(cls=SectionedCommand, sections={"two": "Second"})
@click.option("--one", help="First words.")
@click.option("--two", help="Other words.")
@click.option("--three")
def small(**_: object) -> None:
    """A small command."""


def test_a_section_goes_to_the_next_heading():
    printed = CliRunner().invoke(small, ["--help"]).output
    words = [line.split()[0] for line in printed.splitlines() if line.strip()]
    ours = ["Options:", "--one", "Second:", "--two", "--three"]
    assert [word for word in words if word in ours] == ours


def test_every_section_of_encode_is_opened_by_an_option_of_its_own():
    names = [parameter.name for parameter in command.params]
    assert [name for name in names if name in SECTIONS] == list(SECTIONS)
    printed = CliRunner().invoke(command, ["--help"]).output
    assert all(f"\n{heading}:\n" in printed for heading in SECTIONS.values())
