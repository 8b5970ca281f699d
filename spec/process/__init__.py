"""The literal decoder: the decoding process of the specification in plain integers and lists.

Read the modules in this order; each function is one clause, or a part of one.

    refused, observer            what stops the process, what listens to it
    bits, units                  clauses 4 to 6.2: descriptors and units
    parameter_sets, data_unit    clauses 6.3 to 6.11: headers
    members                      clause 7.8: the tensors of a unit
    probability, engine          clauses 9.2 and 9.3: arithmetic decoding
    contexts, binarization       clauses 9.4 and 9.5: from bins to levels
    scan, tensor                 clauses 9.6, 9.7 and 6.14: from levels to a tensor
    reconstruct, compose         clause 10: from levels to values
    updates                      clause 12: chains of streams
    payload, stream              clauses 6.12 and 8.2: putting it together
    private_units, method_unit   clause 14.2: units of nnref's own
    methods                      clause 15: tensors coded by methods beyond the standard
    lnq_header, lnq_contexts,
    lnq_class_mode, lnq_codebooks,
    lnq_published_mode, lnq_values,
    lnq                          clause 15.1: local non-linear quantization
    hevc, video                  clause 15.2: weights as pictures
    low_rank_kernels             clause 15.3: convolutions as pairs of one-dimensional ones
    hierarchical                 clause 15.4: shared weights and dynamic fixed point
    templates                    clause 15.5: kernels as scaled and shifted templates
    deep_compression             clause 15.6: shared weights and Huffman codes

Nothing is optimised and nothing is shared with the codec but the constants of `spec.tables`.
"""

from nnref.spec.process.compose import compose_blocks
from nnref.spec.process.observer import Observer
from nnref.spec.process.payload import DecodedTensor
from nnref.spec.process.refused import Refused
from nnref.spec.process.stream import DecodedStream, DecodedUnit, decode_stream
from nnref.spec.process.updates import StoredTensor, UpdateState

__all__ = [
    "DecodedStream",
    "DecodedTensor",
    "DecodedUnit",
    "Observer",
    "Refused",
    "StoredTensor",
    "UpdateState",
    "compose_blocks",
    "decode_stream",
]
