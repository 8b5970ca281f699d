"""What the inputs of a network say of its weights: which errors its layers' outputs feel.

A calibration holds, for every weight it knows, second moments of what the weight is multiplied by.
`nnref.tools.calibrate` collects them from a torch module; `collect_activations` from saved arrays.
Encoder policy: nothing here is normative, and no stream tells whether it was made with one.
"""

from nnref.codec.calibration.activations import collect_activations
from nnref.codec.calibration.file import (
    Calibration,
    CalibrationInput,
    CalibrationWriter,
    open_calibration,
)
from nnref.codec.calibration.moments import ColumnSums, Moments, MomentsShape, RowSums

__all__ = [
    "Calibration",
    "CalibrationInput",
    "CalibrationWriter",
    "ColumnSums",
    "Moments",
    "MomentsShape",
    "RowSums",
    "collect_activations",
    "open_calibration",
]
