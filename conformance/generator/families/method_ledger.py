"""The streams of annex B about methods, described by their elements and levels."""

from typing import Final

from nnref.conformance.generator.building import Description
from nnref.conformance.generator.families.deep_compression import deep
from nnref.conformance.generator.families.lnq.codebooks import layer_of_units
from nnref.conformance.generator.families.lnq.layers import published, sized
from nnref.conformance.generator.families.templates import templates
from nnref.conformance.generator.lnq_encoder import LnqChoices
from nnref.conformance.generator.shorthand import parameters, start
from nnref.spec.tables.enums import LnqGroupOrder, LuType

_HEAD: Final = (start(), parameters())
_CORNERS: Final = LnqChoices(
    [1, 0, 3, -1, -1, 2, 1, 0, -1],
    -8,
    units=(1, 0, 0, 1),
    codebooks={
        "lnq_centre": [0, 1],
        "lnq_left_gap_minus1": [2, 0],
        "lnq_right_gap_minus1": [1, 0],
    },
)
"""Units of 2 x 2 in a matrix of 3 x 3: the first and the last have codebooks."""

METHOD_LEDGER: Final = (
    Description(
        "lnq-few-values",
        "Units of two values, of none and of one",
        (
            *_HEAD,
            layer_of_units(
                "w",
                [2, 0, 1],
                {"lnq_lu_levels": [2, 0, 1], "lnq_centre": [-1, 3], "lnq_right_gap_minus1": [3]},
                width=3,
                lnq_levels=2,
                lnq_variable_levels_flag=1,
            ),
        ),
    ),
    Description(
        "lnq-half-steps",
        "Values between the steps",
        (
            *_HEAD,
            layer_of_units(
                "w",
                [3, -1],
                {
                    "lnq_centre": [0],
                    "lnq_left_gap_minus1": [2],
                    "lnq_right_gap_minus1": [0],
                },
                width=4,
            ),
        ),
    ),
    Description(
        "lnq-filters",
        "Units by layer of a convolution",
        (
            *_HEAD,
            published(
                "w",
                [2, 2, 1, 2],
                LnqChoices(
                    [1, 0, -1, 1, 2, 0, 0, -1],
                    -8,
                    units=(1, 0),
                    codebooks={
                        "lnq_centre": [1],
                        "lnq_left_gap_minus1": [1],
                        "lnq_right_gap_minus1": [2],
                    },
                ),
                lnq_lu_type=LuType.BY_LAYER.value,
            ),
        ),
    ),
    Description(
        "lnq-point-wise",
        "LNQ in a point-wise convolution",
        (
            *_HEAD,
            published(
                "w",
                [2, 3, 1, 1],
                LnqChoices(
                    [1, 0, -1, 2, 0, -3],
                    -8,
                    units=(1, 0),
                    codebooks={
                        "lnq_centre": [0],
                        "lnq_left_gap_minus1": [0],
                        "lnq_right_gap_minus1": [0],
                    },
                ),
                lnq_lu_type=LuType.FILTER.value,
            ),
        ),
    ),
    Description(
        "lnq-groups",
        "The LNQ units, then the rest row by row",
        (
            *_HEAD,
            published(
                "w",
                [3, 3],
                _CORNERS,
                **sized(2, 2),
                lnq_group_order=LnqGroupOrder.GROUPS_RASTER.value,
                lnq_context_mode=2,
            ),
        ),
    ),
    Description(
        "lnq-states",
        "DQ states pass over symbols",
        (*_HEAD, published("w", [3, 3], _CORNERS, dq_flag=1, **sized(2, 2), lnq_group_order=3)),
    ),
    Description(
        "lnq-edges",
        "Units that the edges cut",
        (*_HEAD, published("w", [3, 3], _CORNERS, **sized(2, 2))),
    ),
    Description(
        "lnq-neighbours",
        "Symbols between levels",
        (*_HEAD, published("w", [3, 3], _CORNERS, **sized(2, 2), lnq_group_order=3)),
    ),
    Description(
        "templates-of-each",
        "Two tensors with templates of their own",
        (*_HEAD, templates("v", [2, 4], 2, 2), templates("w", [2, 3], 3, 1)),
    ),
    Description(
        "deep-filler",
        "A gap that needs a filler, and one at the end",
        (
            *_HEAD,
            deep("m", [1, 8], [0.5], [(1, 1), (3, 0), (0, 1), (0, 0)], gap_bits=2),
        ),
    ),
)
"""Decisions 40 to 52."""
