"""Clauses 9.6 and 10.3: scan orders, block rows, entry points, skipped rows, the trellis."""

from collections.abc import Iterator, Sequence
from typing import Final

from nnref.conformance.generator.case import Case, case
from nnref.conformance.generator.prng import Numbers
from nnref.conformance.generator.shorthand import Choices, edition_2, parameters, start, tensor
from nnref.spec.tables.enums import Dialect

GROUP: Final = "scans"


def sizes(edge: int) -> tuple[tuple[int, int], ...]:
    """Rows and columns around one and two edges of a block."""
    return ((edge, edge), (edge + 1, edge - 1), (2 * edge, 3), (2 * edge + 1, edge + 1))


def with_empty_rows(levels: Sequence[int], columns: int) -> list[int]:
    """The levels, every third row of them 0."""
    return [0 if place // columns % 3 == 1 else level for place, level in enumerate(levels)]


def blocks() -> Iterator[Case]:
    """Every scan order with rows and columns at the edges of blocks."""
    for scan_order in range(1, 5):
        edge = 4 << scan_order
        for rows, columns in sizes(edge):
            for dq_flag in (0, 1):
                levels = Numbers(rows * columns).levels(rows * columns, 12, 6)
                yield case(
                    GROUP,
                    f"scan-{scan_order}-{rows}x{columns}-dq{dq_flag}",
                    f"Scan order {scan_order}, {rows} x {columns}, dq_flag {dq_flag}",
                    "Blocks go left to right inside a block row, rows down inside a block; the "
                    "last ones are cut. At a further block row contexts and range start afresh, "
                    "the state of dependent quantization does not.",
                    ("9.6.2", "9.6.3", "9.6.4"),
                    start(),
                    parameters(),
                    tensor(
                        "w",
                        [rows, columns],
                        Choices(levels, -9),
                        dq_flag=dq_flag,
                        scan_order=scan_order,
                    ),
                )


def skipped() -> Iterator[Case]:
    """Skipped rows with every scan order, with and without dependent quantization."""
    for scan_order in range(4):
        for columns in (2, 5, 17):
            rows = 9 if scan_order < 2 else 18
            for dq_flag in (0, 1):
                levels = Numbers(columns + scan_order).levels(rows * columns, 8, 6)
                yield case(
                    GROUP,
                    f"skip-{scan_order}-{columns}-dq{dq_flag}",
                    f"Skipped rows, scan order {scan_order}, {columns} columns, dq_flag {dq_flag}",
                    "A skipped row has no bins and levels 0. Its state makes a step of parity 0 "
                    "per column of the tensor, once in every block that the row crosses.",
                    ("6.14.1", "9.6.5"),
                    start(1),
                    parameters(),
                    edition_2(
                        "w",
                        [rows, columns],
                        Choices(with_empty_rows(levels, columns), -9, row_skip=True),
                        dq_flag=dq_flag,
                        scan_order=scan_order,
                    ),
                    decisions=("D-03",) if dq_flag and scan_order else (),
                )
    for name, levels in (("all", [0] * 6), ("none", [1, 2, 3, 4, 5, 6])):
        yield case(
            GROUP,
            f"skip-{name}",
            f"Row skipping with {name} of the rows skipped",
            "Where all rows are skipped, shift parameters are coded all the same.",
            ("6.14.1", "9.6.5"),
            start(1),
            parameters(),
            edition_2("w", [3, 2], Choices(levels, row_skip=True)),
        )


def trellis() -> Iterator[Case]:
    """Every state of dependent quantization with either parity."""
    for name, zeros, growth in (("sparse", 13, 4), ("dense", 2, 10)):
        levels = Numbers(zeros).levels(300, zeros, growth)
        yield case(
            GROUP,
            f"trellis-{name}",
            f"Dependent quantization of {name} levels",
            "Eight states; the parity is that of the level, not of the quantized parameter, and "
            "sig_flag has contexts per state.",
            ("10.3", "9.4.2"),
            start(),
            parameters(),
            tensor("w", [300], Choices(levels, -20), dq_flag=1),
        )


def unused() -> Iterator[Case]:
    """Scan orders where nothing is cut into blocks."""
    for scan_order in (1, 4):
        for dimensions in ([9, 1], [1, 70], [70, 1]):
            rows = dimensions[0]
            yield case(
                GROUP,
                f"flat-{scan_order}-{rows}x{dimensions[1]}",
                f"Scan order {scan_order} for {rows} x {dimensions[1]}",
                "One row or one column is scanned row by row, and yet the header has as many "
                "entry points as its first dimension gives.",
                ("9.6.2", "7.8.8"),
                start(),
                parameters(),
                tensor(
                    "w",
                    dimensions,
                    Choices(Numbers(rows).levels(rows * dimensions[1])),
                    scan_order=scan_order,
                ),
            )
    yield case(
        GROUP,
        "dialect-1-blocks",
        "Block rows in the other dialect",
        "NNCodec 1.0 has one more shift parameter.",
        ("A", "9.6.3"),
        start(),
        parameters(),
        tensor("w", [17, 9], Choices(Numbers(7).levels(153), -9), scan_order=1),
        dialect=Dialect.NNCODEC_1,
        decisions=("D-01", "D-02"),
    )


def cases() -> Iterator[Case]:
    """The family."""
    for family in (blocks, skipped, trellis, unused):
        yield from family()
