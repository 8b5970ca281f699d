"""How strong the suite is: seeded faults of a decoder, each to be found by a stream of the suite.

`catalogue` holds the faults as data, one TOML file per module of the literal decoder and of its
tables. Each is applied to a copy of the literal decoder in memory, and the copy is run over the
suite like any decoder, until a stream tells it from a right one: the fault is killed. What no
stream tells is a survivor; a good one is explained in the catalogue (`survives`), a bad one is a
stream that the suite lacks.
"""

from nnref.conformance.kill.copies import copy_of_decoder
from nnref.conformance.kill.faults import Fault, apply_fault, load_faults
from nnref.conformance.kill.matrix import Killed, Matrix, kill_all_faults
from nnref.conformance.kill.report import matrix_json, matrix_markdown

__all__ = [
    "Fault",
    "Killed",
    "Matrix",
    "apply_fault",
    "copy_of_decoder",
    "kill_all_faults",
    "load_faults",
    "matrix_json",
    "matrix_markdown",
]
