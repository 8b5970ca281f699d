"""`nnref experiment calibrated`: bytes at equal outputs, with and without a calibration."""
