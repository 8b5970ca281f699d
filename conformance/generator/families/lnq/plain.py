"""Clauses 14.2.2 and 15.1: layers whose levels are coded plainly, and layers of random choices."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.building import Description
from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.lnq.layers import DENSITY, lnq_case, plain_layer
from nnref.conformance.generator.families.methods import GROUP
from nnref.conformance.generator.families.parameter_sets import NO_DENSITY, layer
from nnref.conformance.generator.families.units import names
from nnref.conformance.generator.shorthand import Unit, four, parameters, start
from nnref.conformance.random_lnq import random_lnq_stream
from nnref.conformance.suite import MUST_SKIP
from nnref.spec.tables.private_units import METHOD_SIGNATURE, METHOD_UNIT

LARGEST: Final = 40
"""Weights of a random layer."""
SEEDS: Final = range(12)


def layers() -> Iterator[Case]:
    """Clause 15.1: plain layers."""
    purpose = (
        "A decoder of the standard skips the unit; one that has the method hands out a tensor "
        "like any other. Its codeword is that of profile 1."
    )
    for name, units in (
        ("layer", (plain_layer("m", [2, 3]), four())),
        ("trellis", (plain_layer("w", [3, 4], dq_flag=1, unary=1),)),
        ("flags", (plain_layer("größe", [300], unary=256), plain_layer("", []))),
        ("skipped", (plain_layer("w", [4, 3], row_skip=True),)),
        ("empty", (plain_layer("w", [(1 << 31) - 1, 0]), plain_layer("v", [0]))),
        (
            "format",
            tuple(
                plain_layer(f"w{code}", [2, 2], nnr_decompressed_data_format=code)
                for code in (0, 8, 9, 64, 74)
            ),
        ),
        ("cube", (plain_layer("w", [2, 3, 2, 130]),)),
    ):
        yield lnq_case(
            name, f"Method data unit: {name}", purpose, *units, clauses=("14.2.2", "15.1")
        )
    yield case(
        GROUP,
        "lnq-density",
        "A method data unit behind a layer parameter set",
        "The density of the layer parameter set holds for methods, too.",
        ("15.1", "11"),
        start(),
        parameters(mps_quantization_method_flags=0, **NO_DENSITY),
        layer(1, 0, 0),
        plain_layer("w", [3]),
    )
    yield case(
        GROUP,
        "lnq-indexed",
        "Method data units whose names are indices",
        purpose,
        ("14.2.2", "7.8.2"),
        start(),
        parameters(DENSITY, mps_topology_indexed_reference_flag=1),
        names(*(f"n{j}" for j in range(140))),
        plain_layer("", [2], topology_elem_id=None, topology_elem_id_index=0),
        plain_layer("", [2], topology_elem_id=None, topology_elem_id_index=139),
    )


def others() -> Iterator[Case]:
    """Clause 14.2.2: what only looks like a method data unit."""
    signature = METHOD_SIGNATURE.to_bytes(4, "big")
    yield case(
        "units",
        "unknown-signature",
        "A unit of another type that begins like a method data unit",
        "The signature alone does not make a method data unit.",
        ("14.2.2", "13.1"),
        start(),
        parameters(DENSITY),
        Unit(METHOD_UNIT + 1, payload=signature + bytes([255] * 8), strict=False),
        four(),
        kind=MUST_SKIP,
    )


def random_layers() -> Iterator[Case]:
    """Clause 15.1: every mode, unit type, order and centroid mode, by seeds."""
    for seed in SEEDS:
        description = Description(
            f"lnq-{seed}",
            f"Local non-linear quantization, seed {seed}",
            (),
            data=random_lnq_stream(seed, LARGEST),
        )
        yield Case(
            GROUP,
            description,
            "Modes, unit types, group orders, centroid modes and merging in a combination that a "
            "paper's single configuration does not show.",
            ("15.1",),
        )


def cases() -> Iterator[Case]:
    """The family."""
    yield from layers()
    yield from others()
    yield from random_layers()
