"""Adapters: copies of the literal decoder with a fault."""

from nnref.conformance.kill import copy_of_decoder
from nnref.conformance.kill.faults import selected_faults
from nnref.conformance.runner import RefusedError
from nnref.conformance.runner.literal import decode_literally

FAULTS = {fault.id: fault for fault in selected_faults(())}


def faulty(name):
    decoder = copy_of_decoder(FAULTS[name])

    def decode(request):
        return decode_literally(request, decoder)

    return decode


upper_states = faulty("dq-upper-states")


def accepts_cut_streams(request):
    """Takes what is there of a stream that is cut inside a unit."""
    try:
        return decode_literally(request)
    except RefusedError as refused:
        if refused.rule != "unit-truncated":
            raise
        return {}
