"""Adapters for the tests: `tests.conformance.runner.adapters:FUNCTION`."""

import os
import time

import numpy as np

from nnref.conformance.runner.fast import decode_fast


def good(request):
    print("what an adapter prints is no reply")  # noqa: T201
    return decode_fast(request)


def raises(_request):
    raise KeyError("not caught")


def dies(_request):
    os.abort()


def sleeps(request):
    if len(request.stream) % 2:
        time.sleep(60)
    return decode_fast(request)


def complex_numbers(_request):
    return {"a": np.zeros(3, np.complex64)}
