"""Invalid streams that a decoder without one check decodes to the end."""

from collections.abc import Iterator

from nnref.conformance.generator.building import Description, UnitDescription, build
from nnref.conformance.generator.edits import Raw, flip_end, put, remove, replace_by
from nnref.conformance.generator.fault import FIRST, FaultCase, broken
from nnref.conformance.generator.shorthand import INTEGER, four, parameters, start, tensor
from nnref.spec.process import UpdateState


def faults() -> Iterator[FaultCase]:
    """Each is well-formed in all but the one thing that is wrong."""
    yield broken(
        "payload-type-of-integers",
        "integers",
        "payload-type-reserved",
        "A reserved payload type is read like NNR_PT_INT.",
        put(2, "nnr_compressed_data_unit_payload_type", 4),
    )
    yield broken(
        "device-id-33-zeros",
        "identified",
        "exp-golomb-too-long",
        "A number that has no part in decoding is not looked at.",
        put(2, "device_id", Raw("0" * 33 + "1" + "0" * 34)),
    )
    yield broken(
        "part-of-another-name",
        "partial-counter",
        "partial-data-parts",
        "The header of the last part is taken for that of all.",
        put(4, "topology_elem_id", "q"),
    )
    yield broken(
        "integers-before-parameters",
        "integers-without-parameters",
        "mps-missing",
        "Integers need nothing of the parameter set.",
        remove(1),
    )
    yield broken(
        "terminate-alone",
        FIRST,
        "payload-terminate-bin",
        "Levels are right, so that the end of the codeword is not looked at.",
        flip_end(2, 0x40),
    )
    yield broken(
        "offset-to-the-end",
        "no-integers",
        "payload-offset-range",
        "With an offset beyond the range every bin is the less probable one, up to the end.",
        replace_by(_no_integers(b"\xff" * 13 + b"\x80"), 2, "payload"),
    )
    yield broken(
        "density-missing",
        "density-and-base-0",
        "qp-density-missing",
        "Without quantization parameters density and parameter are taken for 0.",
        replace_by(_without_quantization(), 1, "mps_quantization_method_flags"),
    )
    yield broken(
        "base-of-another-name",
        "zero-base-1",
        "base-missing",
        "A base that is missing is taken for zeros.",
        put(2, "topology_elem_id", "v"),
    )


def _built(*units: UnitDescription) -> bytes:
    return build(Description("", "", units), UpdateState())


def _no_integers(payload: bytes) -> bytes:
    """The stream of `no-integers` with another payload."""
    return _built(start(), parameters(), tensor("w", [0], payload=payload, **INTEGER))


def _without_quantization() -> bytes:
    """The stream of `density-and-base-0` without its quantization parameters."""
    bare = parameters(
        mps_quantization_method_flags=0, mps_qp_density=None, mps_quantization_parameter=None
    )
    whole, head = _built(start(), parameters(0), four()), _built(start(), parameters(0))
    return _built(start(), bare) + whole[len(head) :]
