"""Streams that tell faults which no other stream tells (`nnref conformance kill`)."""

from collections.abc import Iterator
from typing import Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    BI,
    DC,
    INTEGER,
    Choices,
    Unit,
    block,
    edition_2,
    four,
    parameters,
    start,
    tensor,
    update,
)
from nnref.spec.syntax import codebook_elements
from nnref.spec.tables.enums import UnitType

GROUP: Final = "strength"
MIDDLE: Final = 1 << 24
"""From here on binary32 holds even numbers alone."""


def numbers() -> Iterator[Case]:
    """Clauses 4.2 and 10: rounding at the edges of binary32."""
    book = [0, MIDDLE + 1, MIDDLE + 3]
    yield case(
        GROUP,
        "ties",
        "Products half-way between two numbers, below an even and below an odd one",
        "A tie goes to the even significand: once down, once up.",
        ("4.2", "10.4"),
        start(),
        parameters(0),
        tensor("w", [4], Choices([0, 1, 2, 1]), codebook=codebook_elements(book, 0, 15)),
    )
    yield case(
        GROUP,
        "subnormal-steps",
        "A step below the smallest normal number",
        "Subnormal numbers are numbers: they are not flushed to 0.",
        ("4.2", "10.1", "10.2"),
        start(),
        parameters(2, -560),
        tensor("w", [5], Choices([1, -1, 0, 3, -7])),
    )
    yield case(
        GROUP,
        "overflow-uniform",
        "Products beyond binary32",
        "They become infinities of their sign, not the largest number.",
        ("4.2", "10.2"),
        start(),
        parameters(0, 126),
        tensor("w", [5], Choices([1, -1, 0, 9, -9])),
    )
    yield case(
        GROUP,
        "overflow-codebook",
        "Entries times step beyond binary32",
        "They become infinities of their sign, not the largest number.",
        ("4.2", "10.4"),
        start(),
        parameters(0, 120),
        tensor("w", [3], Choices([0, 1, 2]), codebook=codebook_elements([-4096, 1, 4096], 0, 15)),
    )
    yield case(
        GROUP,
        "integers-beyond-24-bits",
        "A quantized parameter that binary32 does not hold, times a step with a fraction",
        "Integer and step are rounded first, then their product.",
        ("10.2",),
        start(),
        parameters(2),
        tensor("w", [3], Choices([MIDDLE + 1, -MIDDLE - 3, 5], 1), cabac_unary_length_minus1=9),
    )


def composition() -> Iterator[Case]:
    """Clause 10.6: sums of products in binary32."""
    for seed in (1, 2):
        drawn = Numbers(seed)
        g = [drawn.below(30001) - 15000 for _ in range(6 * 5)]
        h = [drawn.below(30001) - 15000 for _ in range(5 * 4)]
        yield case(
            GROUP,
            f"product-{seed}",
            f"Factors of rank 5 whose products have too many digits, {seed}",
            "Every product and every sum is rounded to binary32, in the order of the rank.",
            ("10.6",),
            start(),
            parameters(),
            block(
                ["w_G", "w_H"],
                int(DC),
                [6, 4],
                Choices(g, -21),
                Choices(h, -22),
                decomposition_rank=5,
                g_number_of_rows=6,
                cabac_unary_length_minus1=9,
            ),
            as_coded=False,
        )


def shapes() -> Iterator[Case]:
    """Clauses 7.8.5, 7.8.8, 9.6 and 9.7: what more than two dimensions and factors change."""
    view = "The first dimension gives the rows, all others together the columns."
    levels = Numbers(5).levels(90, 5, 7)
    yield case(
        GROUP,
        "scan-of-three-dimensions",
        "Blocks of a tensor of three dimensions",
        view,
        ("9.6.1", "9.6.2"),
        start(),
        parameters(),
        tensor("w", [9, 2, 5], Choices(levels, -8), scan_order=1),
    )
    yield case(
        GROUP,
        "row-skip-of-three-dimensions",
        "Skipped rows of a tensor of three dimensions",
        view,
        ("9.6.1", "9.6.5"),
        start(1),
        parameters(),
        edition_2("w", [3, 2, 5], Choices([0] * 10 + levels[:20], -8, row_skip=True)),
    )
    yield case(
        GROUP,
        "block-rows-keep-sets",
        "Parameter sets of contexts through several block rows",
        "A block row starts its contexts afresh in the sets that were sent, not in set 0.",
        ("9.6.3", "9.7"),
        start(),
        parameters(),
        tensor(
            "w",
            [26, 9],
            Choices(Numbers(6).levels(234, 4, 5), -8, {0: 3, 1: 4, 2: 6, 48: 8, 53: 2, 54: 5}),
            scan_order=1,
        ),
    )
    yield case(
        GROUP,
        "factor-with-block-rows",
        "A factor outside a block, with more block rows than the weight has",
        "Entry points are counted for the rows of the factor.",
        ("7.8.8",),
        start(),
        parameters(),
        tensor(
            "w_G",
            [5, 32],
            Choices(Numbers(7).levels(60, 4, 5), -8),
            compressed_parameter_types=int(DC),
            decomposition_rank=3,
            g_number_of_rows=20,
            scan_order=1,
        ),
    )
    yield case(
        GROUP,
        "factor-with-codebook",
        "A factor outside a block, with a codebook",
        "Only a block has a second codebook.",
        ("6.9", "7.8.7"),
        start(),
        parameters(),
        tensor(
            "w_G",
            [4, 6],
            Choices([0, 1, 2, 1, 0, 1, 2, 0], -8),
            codebook=codebook_elements([3, 5, 9], 0, 1),
            compressed_parameter_types=int(DC),
            decomposition_rank=2,
            g_number_of_rows=4,
        ),
    )
    for profile in (0, 1):
        shift = {"node_id_present_flag": 0, "first_tensor_dimension_shift": 0} if profile else {}
        yield case(
            GROUP,
            f"bias-beside-codebook-{profile}",
            f"A bias beside a weight with a codebook, profile {profile}",
            "The codebook is that of the weight alone: the bias is coded without bounds.",
            ("7.8.7", "9.5.3"),
            start(profile),
            parameters(),
            block(
                ["w", "b"],
                int(BI),
                [3, 4],
                Choices([7, -6, 0], -9),
                Choices([0, 1, -1, 1, 0, 0, 1, -1, 0, 1, 1, -1], -9),
                codebook=codebook_elements([-2, 0, 5], 1, 1),
                **shift,
            ),
        )
    yield case(
        GROUP,
        "integers-without-parameters",
        "Integers behind a parameter set without quantization parameters",
        "Integers are refused for want of parameters that they do not need.",
        ("7.3.2",),
        start(),
        parameters(
            mps_quantization_method_flags=0, mps_qp_density=None, mps_quantization_parameter=None
        ),
        tensor("w", [4], Choices([0, 1, -1, 300]), **INTEGER),
    )


def chains() -> Iterator[Case]:
    """Clause 12."""
    head = start(1), parameters(mps_parent_signalling_enabled_flag=1, nnr_pre_flag=0)
    book = codebook_elements([-3, 0, 2, 5], 1, 1)
    for depth in (0, 1):
        levels = [(place * (depth + 3)) % 4 - 1 for place in range(24)]
        yield case(
            GROUP,
            f"codebook-update-{depth}",
            f"Update {depth} with a codebook, parameter sets and temporal contexts",
            "The temporal contexts of abs_level_greater_x end one earlier than the plain ones.",
            ("9.7", "12.3"),
            *head,
            update(
                "w",
                depth,
                [4, 6],
                Choices(levels, -8, {0: 2, 53: 3}),
                codebook=book,
                temporal_context_modeling_flag=depth,
                cabac_unary_length_minus1=7,
            ),
            after=f"codebook-update-{depth - 1}" if depth else None,
        )
    for depth in (0, 1):
        yield case(
            GROUP,
            f"own-device-{depth}",
            f"Update {depth} of a device that is not 0",
            "The parent may be of the device of the update, although parent_device_id is 0.",
            ("12.1",),
            *head,
            update("w", depth, [3], Choices([1, 0, -depth], -8), device_id=5),
            after=f"own-device-{depth - 1}" if depth else None,
        )
    for depth in (0, 1):
        yield case(
            GROUP,
            f"zero-base-{depth}",
            f"Update {depth} of a tensor that was 0",
            "A base of zeros is a base: contexts are the plain ones, with the temporal sets sent.",
            ("12.2", "12.3"),
            *head,
            update(
                "w",
                depth,
                [4],
                Choices([0, 3 * depth, -depth, 0], -8),
                temporal_context_modeling_flag=depth,
            ),
            after=f"zero-base-{depth - 1}" if depth else None,
        )


def tolerated() -> Iterator[Case]:
    """Clause 13.2: rules that a decoder does not insist on."""
    yield case(
        GROUP,
        "alignment-without-one",
        "byte_alignment() of a parameter set without its first bit",
        "A decoder goes on: the bits of an alignment have no meaning.",
        ("5.8", "13.2"),
        start(),
        parameters(),
        four(),
        flip=((11, 0x80),),
    )
    yield case(
        GROUP,
        "topology-without-zero",
        "Topology data without the zero byte at its end",
        "A decoder goes on: the unit ends where its size says.",
        ("5.7", "13.2"),
        start(),
        parameters(),
        four(),
        Unit(
            UnitType.NNR_TPL,
            {
                "topology_storage_format": 0,
                "topology_compression_format": 0,
                "topology_data": b"net",
            },
        ),
        flip=((-1, 0x21),),
    )
    yield case(
        GROUP,
        "density-and-base-0",
        "A parameter set of density 0 and parameter 0",
        "All of it is 0, and it is there all the same.",
        ("7.3.2",),
        start(),
        parameters(0),
        four(),
    )
    yield case(
        GROUP,
        "no-integers",
        "A tensor of integers without one",
        "Its codeword holds shift parameters and the terminate bin.",
        ("7.8.6", "9.3.4"),
        start(),
        parameters(),
        tensor("w", [0], Choices([]), **INTEGER),
    )


def cases() -> Iterator[Case]:
    """All of them."""
    for part in (numbers, composition, shapes, chains, tolerated):
        yield from part()
