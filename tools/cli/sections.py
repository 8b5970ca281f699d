"""Help pages with many options, in sections."""

from typing import Any, Final

import click

_PLAIN: Final = "Options"


class SectionedCommand(click.Command):
    """A command whose help lists its options under headings.

    A section goes from the option that opens it to the one that opens the next.
    """

    def __init__(self, *arguments: Any, sections: dict[str, str], **others: Any) -> None:
        """`sections`: heading by the parameter name of the first option."""
        super().__init__(*arguments, **others)
        self.sections = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One list of definitions for each section."""
        lists: dict[str, list[tuple[str, str]]] = {}
        heading = _PLAIN
        for parameter in self.get_params(ctx):
            heading = self.sections.get(parameter.name or "", heading)
            record = parameter.get_help_record(ctx)
            if record is not None:
                lists.setdefault(heading, []).append(record)
        for title, records in lists.items():
            with formatter.section(title):
                formatter.write_dl(records)
