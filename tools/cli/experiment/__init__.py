"""`nnref experiment`: what methods gain on networks of the user's."""

from collections.abc import Mapping
from typing import Final

import click

from nnref.tools.cli.lazy import Entry, LazyGroup

COMMANDS: Final[Mapping[str, Entry]] = {
    "calibrated": Entry(
        "nnref.tools.cli.experiment.calibrated", "Calibrated encoding beside others."
    ),
    "lowrank": Entry(
        "nnref.tools.cli.experiment.lowrank", "Kernels as vertical and horizontal filters."
    ),
    "hierarchical": Entry(
        "nnref.tools.cli.experiment.hierarchical", "Pruning, shared values and fixed point."
    ),
    "methods": Entry("nnref.tools.cli.experiment.methods", "All methods side by side."),
    "templates": Entry(
        "nnref.tools.cli.experiment.templates", "Kernels as scaled and shifted templates."
    ),
    "video": Entry("nnref.tools.cli.experiment.video", "Weights as pictures of HEVC."),
    "lnq": Entry("nnref.tools.cli.experiment.lnq", "Local non-linear quantization beside others."),
}


@click.group(
    cls=LazyGroup,
    entries=COMMANDS,
    no_args_is_help=False,
    short_help="Measure methods on trained networks.",
)
def command() -> None:
    """Measure methods on trained networks.

    Every point is kept in the output folder: a command that is run again goes on where it was.
    """
