"""The command line: `nnref COMMAND`. The only part of nnref that talks to a person.

Importing this package is cheap on purpose: commands, and through them numpy and numba, are loaded
when one is run.
"""

from nnref.tools.cli.app import main

__all__ = ["main"]
