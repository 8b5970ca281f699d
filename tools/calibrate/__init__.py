"""Calibrations of torch modules: what their weights are multiplied by, for some inputs.

    from nnref.tools.calibrate import calibrate_module
    left_out = calibrate_module(module, {"x": images}, "model.calibration.safetensors")
    stream = encode(module.state_dict(), calibration="model.calibration.safetensors", sqnr=20)

torch is imported when a function is called (extra `torch`).
"""

from nnref.tools.calibrate.collect import calibrate_module
from nnref.tools.calibrate.distance import Distance, distance_of, read_inputs
from nnref.tools.calibrate.program import module_of

__all__ = ["Distance", "calibrate_module", "distance_of", "module_of", "read_inputs"]
