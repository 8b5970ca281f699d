"""Clauses 7.8 and 10.7: shapes, names, data formats, raw and integer tensors."""

from collections.abc import Iterator
from struct import pack
from typing import Any, Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.families.units import names
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import (
    INTEGER,
    RAW,
    Choices,
    Unit,
    edition_2,
    parameters,
    start,
    tensor,
)
from nnref.spec.syntax import codebook_elements
from nnref.spec.tables.formats import (
    BITS,
    DATA_FORMATS,
    PRIVATE_FORMAT_BASE,
    SCALAR_BIT,
    STANDARD_FORMATS,
    WORDS,
)

GROUP: Final = "tensors"


def shapes() -> Iterator[Case]:
    """Numbers of dimensions, and dimensions of no, one and very many entries."""
    for name, dimensions in (
        ("scalar-matrix", [1, 1]),
        ("column", [5, 1]),
        ("row", [1, 5]),
        ("cube", [2, 3, 2]),
        ("no-rows", [0, 3]),
        ("no-columns", [3, 0]),
        ("many-no-columns", [(1 << 31) - 1, 0]),
        ("wide", [1, 300]),
        ("ones", [1] * 31 + [2]),
    ):
        count = 1
        for dimension in dimensions:
            count *= dimension
        for profile in (0, 1):
            made = edition_2 if profile else tensor
            yield case(
                GROUP,
                f"shape-{name}-{profile}",
                f"Dimensions {' x '.join(map(str, dimensions[-4:]))}, profile {profile}",
                "The first dimension is the rows, the product of the others the columns; profile "
                "1 has flags in the codeword of matrices of more than one row and column.",
                ("7.8.6", "9.6.1", "6.14.1"),
                start(profile),
                parameters(),
                made("w", dimensions, Choices(Numbers(count).levels(count), -9)),
            )
    for shift, dimensions in ((0, [2, 2]), (1, [2, 2]), (4, [2, 1, 1, 1, 2])):
        yield case(
            GROUP,
            f"first-shift-{shift}",
            f"first_tensor_dimension_shift {shift}",
            "The shift is read and does not change the shape that is handed out.",
            ("7.8.6",),
            start(1),
            parameters(),
            edition_2("w", dimensions, Choices([1, 2, -3, 0]), first_tensor_dimension_shift=shift),
            decisions=("D-14",),
        )


def formats() -> Iterator[Case]:
    """Clause 10.7: every data format, with numbers at the edges of the type."""
    for number, entry in DATA_FORMATS.items():
        codes = [number] if number in STANDARD_FORMATS else []
        codes += [] if 2 <= number <= 4 else [PRIVATE_FORMAT_BASE + number]
        for code in codes:
            yield case(
                GROUP,
                f"format-{code}",
                f"Data format {code}: {entry.dtype} by {entry.carriage}",
                "Numbers are rounded to nearest even and kept inside the type; a carriage by bits "
                "or words holds patterns, not numbers.",
                ("10.7", "7.8.4", "14.1"),
                start(),
                parameters(6, 0),
                *_formatted(code, entry.carriage),
                decisions=("D-28",),
            )


BIT_PATTERNS: Final = [0, 1, -1, 127, -128, 32767, -32768, (1 << 31) - 1, -(1 << 31), 0x5A5A5A5A]
EDGES: Final = [0, 1, -1, 2, -3, 7, 127, -128, 129, 255, -256, 32768, -40000, 1 << 20, -(1 << 30)]
"""Levels; with half a step between some of the integers that they stand for."""


def _formatted(code: int, carriage: str) -> Iterator[Unit]:
    chosen: dict[str, Any] = {"nnr_decompressed_data_format": code}
    if carriage == WORDS:
        yield tensor("w", [2, 5], Choices(BIT_PATTERNS), **INTEGER, **chosen)
        yield tensor("none", [2, 0], Choices([]), **INTEGER, **chosen)
        return
    if carriage == BITS:
        yield tensor("w", [10], Choices(BIT_PATTERNS), **INTEGER, **chosen)
    else:
        yield tensor("i", [15], Choices(EDGES), **INTEGER, **chosen)
        yield tensor("half", [15], Choices(EDGES, -64), **chosen)
        yield tensor("small", [5, 3], Choices(EDGES, -64 * 16), **chosen)
    if code >= PRIVATE_FORMAT_BASE:
        scalar = {"nnr_decompressed_data_format": code + SCALAR_BIT}
        yield tensor("s", [1], Choices([-3]), **INTEGER, **scalar)


def raws() -> Iterator[Case]:
    """Clause 10.5: raw numbers of every kind."""
    numbers = pack(
        "<10I",
        0,
        0x80000000,
        1,
        0x807FFFFF,
        0x7F7FFFFF,
        0x7F800000,
        0xFF800000,
        0x7FC00000,
        0x7F800001,
        0xFFFFFFFF,
    )
    raw = {**RAW, "cabac_unary_length_flag": 0, "cabac_unary_length_minus1": None}
    yield case(
        GROUP,
        "raw-patterns",
        "Raw numbers: zeros, subnormals, infinities, NaN",
        "Raw numbers are handed out as they are, signalling NaN included, with their bits.",
        ("10.5", "5.5"),
        start(),
        parameters(),
        tensor("r", [2, 5], **raw, payload=numbers),
        tensor("none", [0], **raw, payload=b""),
    )
    yield case(
        GROUP,
        "raw-unary",
        "A raw tensor that names a unary length",
        "Elements of the codeword may be in the header of a raw tensor and mean nothing there.",
        ("10.5", "6.9.3"),
        start(1),
        parameters(),
        edition_2("r", [1, 2], **RAW, payload=numbers[:8], cabac_unary_length_minus1=255),
    )


def integers() -> Iterator[Case]:
    """Clause 10.5: integers at the edges of 32 bits, with and without matrices."""
    edges = [(1 << 31) - 1, -(1 << 31), 0, 1, -1, 1 << 30, -(1 << 30) - 1, 65535]
    for profile in (0, 1):
        made = edition_2 if profile else tensor
        for unary in (1, 11):
            yield case(
                GROUP,
                f"integers-{profile}-{unary}",
                f"Integers at the edges of 32 bits, profile {profile}, unary length {unary}",
                "-2^31 is a level, and the suffix of its remainder has up to 30 bits.",
                ("10.5", "9.5.4", "9.5"),
                start(profile),
                parameters(),
                made("i", [2, 4], Choices(edges), **INTEGER, cabac_unary_length_minus1=unary - 1),
            )


def references() -> Iterator[Case]:
    """Clause 7.8.2: names and indices."""
    many = tuple(f"n{i}" for i in range(130))
    yield case(
        GROUP,
        "index-of-130",
        "Names by index into a list of 130",
        "The index is an Exp-Golomb code of order 7, and its alignment comes later in the header.",
        ("7.8.2", "6.7"),
        start(),
        parameters(mps_topology_indexed_reference_flag=1),
        names(*many),
        *(
            tensor("", [1], Choices([i]), topology_elem_id=None, topology_elem_id_index=i)
            for i in (0, 127, 129)
        ),
    )
    yield case(
        GROUP,
        "second-list",
        "A second reference list",
        "Indices are into the last list before the unit; names may be empty or not ASCII.",
        ("7.8.2", "11"),
        start(),
        parameters(mps_topology_indexed_reference_flag=1),
        names("a", "b"),
        tensor("", [1], Choices([1]), topology_elem_id=None, topology_elem_id_index=1),
        names("", "größe", "層"),
        *(
            tensor("", [1], Choices([i]), topology_elem_id=None, topology_elem_id_index=i)
            for i in (0, 1, 2)
        ),
    )
    yield case(
        GROUP,
        "names",
        "Names that are empty, long or not ASCII",
        "A name is UTF-8 up to a zero byte; the empty name is a name.",
        ("5.6", "7.8.2"),
        start(),
        parameters(),
        *(tensor(n, [1], Choices([i])) for i, n in enumerate(("", "größe.重み", "x" * 200))),
    )


def out_of_band() -> Iterator[Case]:
    """Clause 7.8.9: input_parameters_present_flag 0."""
    none: dict[str, Any] = dict.fromkeys(
        (
            "tensor_dimensions_flag",
            "cabac_unary_length_flag",
            "compressed_parameter_types",
            "count_tensor_dimensions",
            "tensor_dimensions",
            "cabac_unary_length_minus1",
        )
    )
    yield case(
        GROUP,
        "no-parameters",
        "No input parameters at all",
        "Without input_parameters_present_flag neither flags nor types are read; dimensions come "
        "from outside, the unary length is 9 + 1.",
        ("7.8.9", "7.8.6"),
        start(),
        parameters(),
        tensor(
            "w", [2, 3], Choices([12, 0, -10, 1, 2, 3]), input_parameters_present_flag=0, **none
        ),
        out_of_band={"w": {"tensor_dimensions": [2, 3]}},
    )
    yield case(
        GROUP,
        "own-before-given",
        "Dimensions in the stream and from outside",
        "What the stream says goes before what the caller says.",
        ("7.8.9",),
        start(),
        parameters(),
        tensor("w", [3], Choices([1, 2, 3])),
        out_of_band={"w": {"tensor_dimensions": [2, 2], "cabac_unary_length_minus1": 7}},
    )


def reserved_unused() -> Iterator[Case]:
    """Types of members in units that are no blocks."""
    for types in (2, 4, 8, 14):
        yield case(
            GROUP,
            f"types-{types}-alone",
            f"compressed_parameter_types {types} outside a block",
            "Outside a block only NNR_CPT_DC has a meaning; the other bits change nothing.",
            ("7.8.5",),
            start(),
            parameters(),
            tensor("w", [2], Choices([1, 2]), compressed_parameter_types=types),
        )


def payload_types() -> Iterator[Case]:
    """Clause 7.8.1: all payload types in one stream."""
    yield case(
        GROUP,
        "mixed-payloads",
        "Integer, quantized and raw tensors in one stream",
        "Every unit has a codeword of its own and starts with fresh contexts.",
        ("7.8.1", "9.1"),
        start(),
        parameters(),
        tensor("i", [3], Choices([1, 2, -3]), **INTEGER),
        tensor("f", [3], Choices([1, 2, -3], -4)),
        tensor("r", [1], **RAW, payload=pack("<f", 0.5)),
    )


def singles() -> Iterator[Case]:
    """The least of each tool: invalid cases differ from these in one thing."""
    for name, units in (
        (
            "integer",
            (tensor("w", [1], Choices([(1 << 31) - 1]), cabac_unary_length_minus1=10, **INTEGER),),
        ),
        ("quantized", (tensor("w", [1], Choices([1 << 29]), dq_flag=1),)),
        (
            "codebook",
            (tensor("w", [2], Choices([1, -1]), codebook=codebook_elements([-1, 0, 2], 1, 0)),),
        ),
    ):
        yield case(
            GROUP,
            f"one-{name}",
            f"The largest level of its kind: {name}",
            "The largest level is a level: it does not overflow.",
            ("9.5", "9.5.4"),
            start(),
            parameters(),
            *units,
        )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (
        shapes,
        formats,
        raws,
        integers,
        references,
        out_of_band,
        reserved_unused,
        payload_types,
        singles,
    ):
        yield from family()
