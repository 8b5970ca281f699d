"""Clause 9: the compiled loops of the entropy coder, one module per kernel.

A kernel and the helpers it inlines share one file where possible: numba's cache looks only at
the kernel's own file to see whether it is up to date. After a change of `integers`, `contexts`
or the tables remove the `__pycache__` folders.
"""
