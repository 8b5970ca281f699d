"""Runs in the peer's interpreter: codes tensors with NNCodec's C++ binding, as asked on stdin."""

import pickle
import sys

import numpy as np
from nncodec.extensions import deepCABAC


def encode(case, optimize):
    encoder = deepCABAC.Encoder()
    encoder.initCtxModels(case["unary_length"], optimize)
    encoder.iae_v(*case["front"])
    arrays = [array(case["quantized"], case)]
    if case["base"] is not None:
        arrays.append(array(case["base"], case))
    code = encoder.encodeLayer if case["base"] is None else encoder.encodeLayer2
    row_skip = np.array(case["skipped"] or [0] * case["shape"][0], np.int32)
    code(*arrays, *flags(case), int(case["skipped"] is not None), row_skip, *rest(case))
    return encoder.finish().tobytes()


def decode(case, payload, entry_points):
    decoder = deepCABAC.Decoder()
    stream = np.frombuffer(payload + bytes(8), np.uint8).copy()  # it reads beyond damaged ends
    decoder.setStream(stream)
    decoder.initCtxModels(case["unary_length"])
    front = decoder.iae_v(case["front"][0])
    packed = np.array(entry_points, np.uint64)
    decoder.setEntryPoints(packed)
    arrays = [array([0] * len(case["quantized"]), case)]
    if case["base"] is not None:
        arrays.append(array(case["base"], case))
    read = decoder.decodeLayer if case["base"] is None else decoder.decodeLayer2
    read(*arrays, *flags(case), *rest(case))
    return front, arrays[0].reshape(-1).tolist(), decoder.finish()


def array(numbers, case):
    return np.array(numbers, np.int32).reshape(case["shape"])


def flags(case):
    return case["dq_flag"], case["scan_order"], case["profile"], case["parent"]


def rest(case):
    mode = deepCABAC.HdspMode.TensorOff
    mask = np.zeros(0, np.int8)
    if case["history"] is not None:
        mode, mask = deepCABAC.HdspMode.TensorOn, np.array(case["history"], np.int8)
    return mode, mask, case["codebook_size"], case["codebook_zero_offset"]


while True:
    name, arguments = pickle.load(sys.stdin.buffer)
    pickle.dump({"encode": encode, "decode": decode}[name](*arguments), sys.stdout.buffer)
    sys.stdout.buffer.flush()
