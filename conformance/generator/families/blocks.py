"""Clauses 7.8.5, 7.8.6 and 10.6: blocks and low-rank factors."""

from collections.abc import Iterator
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.units import names
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    DC,
    Choices,
    Unit,
    block,
    parameters,
    start,
    tensor,
)
from nnref.spec.tables.enums import CompressedParameterTypes as Cpt

GROUP: Final = "blocks"
IN_HEADER: Final = (
    (Cpt.NNR_CPT_LS, ("ls",)),
    (Cpt.NNR_CPT_BN, ("beta", "gamma", "mean", "var")),
    (Cpt.NNR_CPT_BI, ("bias",)),
)
"""Members beside the weight, in the order of their names."""


def whole_block(
    types: int, dimensions: list[int], profile: int, rank: int = 2, **fields: Any
) -> Unit:
    """A block of these types; g_number_of_rows is the first dimension."""
    rows, count = dimensions[0], 1
    for dimension in dimensions:
        count *= dimension
    listed = ["w_G", "w_H"] if types & DC else ["w"]
    listed += [f"w.{role}" for flag, roles in IN_HEADER if types & flag for role in roles]
    sizes = [rows] * (len(listed) - (2 if types & DC else 1))
    sizes += [rows * rank, rank * count // rows] if types & DC else [count]
    numbers = Numbers(types)
    tensors = [Choices(numbers.levels(n, 6, 8), -6 - j) for j, n in enumerate(sizes)]
    own: dict[str, Any] = {"decomposition_rank": rank, "g_number_of_rows": rows}
    if not types & DC:
        own = {}
    if profile:
        own["node_id_present_flag"] = 0
        own |= {"first_tensor_dimension_shift": 0} if len(dimensions) > 1 else {}
    return block(listed, types, dimensions, *tensors, **(own | fields))


def members() -> Iterator[Case]:
    """Every set of members that a block can have; two names are the least."""
    for types in range(1, 16):
        for profile in (0, 1):
            for as_coded in (True, False):
                composed = types & (Cpt.NNR_CPT_LS | Cpt.NNR_CPT_DC) != 0
                if composed or as_coded:
                    form = "coded" if as_coded else "composed"
                    yield case(
                        GROUP,
                        f"types-{types}-{profile}" + ("" if as_coded else "-composed"),
                        f"Block of types {types}, profile {profile}, as {form}",
                        "Names are in header order, members in payload order; each member has its "
                        "own qp and starts from fresh contexts in the same codeword."
                        if as_coded
                        else "Scaling is multiplied into the rows of the weight or of G, factors "
                        "are multiplied in a stated order of rounded sums.",
                        ("7.8.5", "9.1") if as_coded else ("10.6",),
                        start(profile),
                        parameters(),
                        whole_block(types, [3, 2, 2], profile),
                        as_coded=as_coded,
                        decisions=() if as_coded else ("D-20", "D-21"),
                    )


def tools() -> Iterator[Case]:
    """Blocks with dependent quantization, block rows and names by index."""
    for profile in (0, 1):
        yield case(
            GROUP,
            f"blocks-and-trellis-{profile}",
            f"A block of all members with dependent quantization and block rows, profile {profile}",
            "dq_flag holds for all members and every one starts in state 0; only weight or "
            "factors have block rows, entry points of G come before those of H.",
            ("9.6.4", "10.3", "7.8.8"),
            start(profile),
            parameters(),
            whole_block(15, [17, 9], profile, rank=9, dq_flag=1, scan_order=1),
            whole_block(
                14, [17, 9], profile, dq_flag=1, scan_order=1, topology_elem_id_list=list("abcdefg")
            ),
        )
    yield case(
        GROUP,
        "vector",
        "A block of a vector",
        "A weight of one dimension has no scan_order, and members as long as itself.",
        ("7.8.5", "7.8.6"),
        start(),
        parameters(),
        whole_block(Cpt.NNR_CPT_BI, [4], 0),
    )
    yield case(
        GROUP,
        "block-names",
        "A block whose names are empty or not ASCII",
        "A list of names is a list of strings, each up to its zero byte.",
        ("7.8.2", "5.6"),
        start(),
        parameters(),
        whole_block(
            Cpt.NNR_CPT_BI | Cpt.NNR_CPT_LS, [2, 3], 0, topology_elem_id_list=["größe", "", "重み"]
        ),
    )
    yield case(
        GROUP,
        "indexed",
        "A block whose names are indices",
        "Indices come without alignment between them, and one alignment follows.",
        ("7.8.2", "6.9.1"),
        start(),
        parameters(mps_topology_indexed_reference_flag=1),
        names(*(f"t{j}" for j in range(200))),
        whole_block(
            Cpt.NNR_CPT_BI | Cpt.NNR_CPT_LS,
            [2, 3],
            0,
            topology_elem_id_list=None,
            topology_elem_id_index_list=[0, 199, 130],
        ),
    )


def scaled_factors(dimensions: list[int]) -> Unit:
    """A block of G with two rows, H and as many scales as the weight has rows."""
    scales = list(range(1, 1 + dimensions[0]))
    return block(
        ["w_G", "w_H", "s"],
        DC | Cpt.NNR_CPT_LS,
        dimensions,
        Choices(scales),
        Choices([1, 2]),
        Choices([1, 2, 3, 4]),
        decomposition_rank=1,
        g_number_of_rows=2,
    )


def factors() -> Iterator[Case]:
    """Low rank: shapes of G and H."""
    for rank, rows, dimensions in (
        (1, 1, [4, 3]),
        (9, 12, [4, 3]),
        (2, 6, [3, 2, 2]),
        (8, 20, [5, 4]),
    ):
        count = 1
        for dimension in dimensions:
            count *= dimension
        yield case(
            GROUP,
            f"rank-{rank}-rows-{rows}",
            f"Rank {rank}, G of {rows} rows",
            "g_number_of_rows need not be the first dimension; H has the columns that are left.",
            ("7.8.6", "10.6"),
            start(),
            parameters(),
            block(
                ["w_G", "w_H"],
                DC,
                dimensions,
                Choices(Numbers(rank).levels(rows * rank), -6),
                Choices(Numbers(rows).levels(rank * count // rows), -6),
                decomposition_rank=rank,
                g_number_of_rows=rows,
            ),
            as_coded=False,
            decisions=("D-21",),
        )
    yield case(
        GROUP,
        "scaled-rows",
        "Local scaling of a factor with as many rows as the weight",
        "Scaling has one factor per row of the weight, and is multiplied into G.",
        ("10.6",),
        start(),
        parameters(),
        scaled_factors([2, 4]),
        as_coded=False,
        decisions=("D-20",),
    )
    for suffix, rank in (("G", 2), ("H", 9)):
        size = 17 * 2 if suffix == "G" else 9 * 9
        yield case(
            GROUP,
            f"alone-{suffix.lower()}-blocks",
            f"A factor {suffix} outside a block with block rows",
            "Entry points are those of the factor's own rows.",
            ("7.8.5", "7.8.8"),
            start(),
            parameters(),
            tensor(
                f"w_{suffix}",
                [17, 9],
                Choices(Numbers(rank).levels(size), -4),
                compressed_parameter_types=DC,
                decomposition_rank=rank,
                g_number_of_rows=17,
                scan_order=1,
            ),
            decisions=("D-25",),
        )
    yield case(
        GROUP,
        "composed-beside",
        "A composed weight and a tensor of almost its name",
        "The composed weight is named like its factors without _G.",
        ("10.6",),
        start(),
        parameters(),
        whole_block(DC, [3, 2], 0),
        tensor("v", [1], Choices([1])),
        as_coded=False,
    )
    for suffix, rows in (("G", 3), ("H", 2), ("other", 3)):
        size = {"G": 6, "H": 8, "other": 12}[suffix]
        yield case(
            GROUP,
            f"alone-{suffix.lower()}",
            f"A unit of type NNR_CPT_DC named w_{suffix}",
            "Outside a block the name tells the factor; a name that tells none is the weight.",
            ("7.8.5",),
            start(),
            parameters(),
            tensor(
                f"w_{suffix}",
                [3, 4],
                Choices(Numbers(rows).levels(size), -4),
                compressed_parameter_types=DC,
                decomposition_rank=2,
                g_number_of_rows=3,
            ),
            decisions=("D-25",),
        )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (members, tools, factors):
        yield from family()
