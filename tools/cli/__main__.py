"""`python -m nnref.tools.cli` is `nnref`."""

from nnref.tools.cli import main

main()
