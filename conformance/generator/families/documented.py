"""Clauses B and D as cases: the worked examples and the streams of the decision ledger.

Streams of the ledger that have to be refused are not cases of their own: invalid cases are edits
of valid ones.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from nnref.conformance.generator.case import Case
from nnref.conformance.generator.families.ledger import LEDGER
from nnref.conformance.generator.families.worked import EXAMPLES
from nnref.conformance.suite import MUST_SKIP, VALID


class Note(NamedTuple):
    """What a sheet says that the description of a stream does not."""

    purpose: str
    clauses: tuple[str, ...]
    decisions: tuple[str, ...] = ()
    kind: str = VALID


WORKED: Final[dict[str, Note]] = {
    "first": Note(
        "The smallest quantized tensor: a decoder that gets it wrong has the engine, the order of "
        "the qp or the sign of iae wrong.",
        ("6.1", "6.14", "9.3"),
    ),
    "integers": Note(
        "Integers have no qp in the codeword and no step; one level needs a remainder of nine "
        "bits. A decoder that reads a qp loses all bins.",
        ("10.5", "9.5.4"),
    ),
    "raw": Note(
        "Raw numbers are bytes, not a codeword, and keep the sign of zero.", ("10.5", "7.8.1")
    ),
    "dependent": Note(
        "The parity of the level moves the state, the state doubles the grid. A decoder that uses "
        "the parity of the quantized parameter leaves the trellis at the first odd state.",
        ("10.3", "9.4.2"),
    ),
    "shift-parameters": Note(
        "A context with a parameter set starts from the start values of that set; adapting from 0 "
        "decodes the first bins right and the others wrong.",
        ("9.7", "9.2.2"),
    ),
    "block-scan": Note(
        "Contexts start afresh and the range is forced at the second block row, and the last "
        "block row is one row high.",
        ("9.6.2", "9.6.3", "9.6.4"),
    ),
    "row-skip": Note(
        "Skipped rows still move the state of dependent quantization, once per column in every "
        "block of the row.",
        ("9.6.5", "10.3"),
        ("D-03",),
    ),
    "codebook": Note(
        "In profile 1 the codebook says which bins can occur at all; a decoder that reads the "
        "others loses the codeword.",
        ("9.5.3", "7.8.7"),
    ),
    "block": Note(
        "Names stand in the order of the header, members in the order of the codeword: scaling, "
        "bias, weight.",
        ("7.8.5",),
    ),
    "low-rank": Note(
        "G and H have the shapes that rank and rows give, not that of the weight.",
        ("7.8.5", "7.8.6"),
    ),
    "update-1": Note("An update without temporal contexts needs no base.", ("12.1", "6.9.2")),
    "update-2": Note(
        "Contexts follow the base levels and the history mask; stored levels are replaced, not "
        "added up.",
        ("12.2", "12.3", "12.4"),
    ),
    "layer-parameters": Note(
        "A layer parameter set without density and base brings back those of the model parameter "
        "set.",
        ("11", "7.3.2"),
        ("D-08",),
    ),
    "performance-maps": Note(
        "Maps have to be parsed to find what follows; counts announce one entry less, and class "
        "numbers follow the count, not the bitmask.",
        ("6.5.1", "6.5.3", "7.3.3"),
        ("D-05",),
    ),
    "references": Note(
        "A name is an index into the last reference list; a private unit and a partial data "
        "counter are passed over.",
        ("7.8.2", "13.1"),
        ("D-22",),
        MUST_SKIP,
    ),
    "scalar": Note(
        "A private data format gives a bfloat16 number of no dimensions, of dimensions [1].",
        ("14.1", "10.7"),
        ("D-17",),
    ),
    "hash-parent": Note(
        "Dimensions and unary length come from outside the stream; a hash of 256 bits is read "
        "whole.",
        ("7.8.9", "12.1"),
    ),
    "dialect-1": Note(
        "NNCodec 1.0 has 32 remainder contexts with a shift parameter and forces the range at a "
        "single block row.",
        ("A", "9.7"),
        ("D-01", "D-02"),
    ),
}

DECIDED: Final[dict[str, Note]] = {
    "ids-32": Note(
        "The same tensor as in `first` in the other dialect: one more shift parameter is coded.",
        ("A", "9.7"),
        ("D-01",),
    ),
    "codebook-rounding": Note(
        "The product of entry and step is rounded once; rounding the entry first gives other bits.",
        ("10.4",),
        ("D-04", "D-26"),
    ),
    "half-range": Note(
        "A finite number beyond the output type becomes its largest finite number, not infinity.",
        ("10.7",),
        ("D-28",),
    ),
    "profile-2": Note(
        "A reserved profile is read like profile 0; a decoder that reads it like 1 expects flags "
        "that are not there.",
        ("8.1", "13.2"),
        ("D-06",),
        MUST_SKIP,
    ),
    "reserved-bits": Note(
        "Reserved and alignment bits have no meaning, whatever they are.",
        ("13.2", "5.8"),
        ("D-07",),
        MUST_SKIP,
    ),
    "topology-deflate": Note(
        "Decoding tensors does not unpack a topology; who does, finds the letters `graph`.",
        ("7.6",),
        ("D-32",),
    ),
    "topology-bytes": Note(
        "Topology data reaches to the end of the unit and may hold zero bytes: it is no string.",
        ("5.7", "7.6"),
        ("D-09",),
    ),
    "stop-bit": Note(
        "The levels are complete at the terminate bin; a bit behind the stop bit changes nothing.",
        ("9.3.5",),
        ("D-15",),
    ),
    "default-unary": Note(
        "A unary length that is not sent is 9 + 1, not 10 + 1.", ("7.8.9",), ("D-13",)
    ),
    "dimension-shift": Note(
        "The shift is read and checked; the shape is not permuted.", ("7.8.6",), ("D-14",)
    ),
    "empty-tensor": Note(
        "A tensor of no weights has a qp and shift parameters, and an empty result.",
        ("7.8.6", "9.6.1"),
        ("D-17",),
    ),
    "no-dimensions": Note(
        "A dimension count of 0 is a single number, not an empty tensor.", ("7.8.6",), ("D-17",)
    ),
    "history-without-mask": Note(
        "The history flag for a tensor never seen: the mask is all 0, and only the shift "
        "parameters change.",
        ("12.4",),
        ("D-12",),
    ),
    "tiny-step": Note(
        "The step is rounded to binary32 before the product, so half the smallest number is 0.",
        ("10.1", "10.2"),
        ("D-19",),
    ),
    "scaled-factors": Note(
        "Factors and scaling are coded tensors of their own; composing them is another step.",
        ("7.8.5",),
        ("D-20",),
    ),
    "constant-codebook": Note(
        "With a codebook of one entry no bin is coded, not even flags, and every weight is that "
        "entry.",
        ("9.5.3",),
    ),
    "unknown-unit": Note(
        "A private unit is passed over by its size; a decoder that stops there loses the tensor.",
        ("13.1",),
        (),
        MUST_SKIP,
    ),
    "flat-block-scan": Note(
        "A single row is never cut into blocks, whatever the scan order is.", ("9.6.2",)
    ),
    "raw-not-last": Note(
        "A raw payload ends with its unit, not with the stream.", ("10.5", "6.12")
    ),
    "one-block-row": Note(
        "With a single block row the range is not forced.", ("9.6.3",), ("D-02",)
    ),
    "partial-counter": Note(
        "The codeword comes in three parts, each with the header of the unit; none is a codeword.",
        ("8.2.1", "7.1.2"),
        ("D-22",),
    ),
    "factor-alone": Note(
        "Outside a block the end of the name says which factor the tensor is, and so its shape.",
        ("7.8.5",),
        ("D-25",),
    ),
    "base-of-history": Note(
        "A base: its levels are stored, its mask is not.", ("12.4",), ("D-30",)
    ),
    "history-behind-a-base": Note(
        "A base leaves no history: all masks behind it are 0.", ("12.4",), ("D-30",)
    ),
    "complete-tensor": Note(
        "A unit without a parent decodes like any other; only in sums it replaces.",
        ("12.6",),
        ("D-31",),
    ),
    "parent-device": Note(
        "The parent may be of the device that parent_device_id names.", ("12.1",), ("D-29",)
    ),
    "lnq-few-values": Note(
        "A unit says how many values it has; one of a single value is constant, one of none 0.",
        ("15.1.4", "15.1.5"),
        ("D-40",),
    ),
    "lnq-half-steps": Note(
        "Centroids are in units of half a step, levels in units of the step.",
        ("15.1.7",),
        ("D-41",),
    ),
    "lnq-filters": Note(
        "A unit of a convolution is all weights of an output channel.", ("15.1.2",), ("D-42",)
    ),
    "lnq-point-wise": Note(
        "Any layer may have LNQ; only units by layer are tied to its type.", ("15.1.1",), ("D-43",)
    ),
    "lnq-groups": Note(
        "Both LNQ units come first; contexts start afresh behind them.", ("15.1.4",), ("D-44",)
    ),
    "lnq-states": Note(
        "The DQ state does not move over weights of LNQ units.", ("15.1.4",), ("D-45",)
    ),
    "lnq-edges": Note("Units at the edges have fewer weights.", ("15.1.2",), ("D-46",)),
    "lnq-neighbours": Note(
        "The neighbour of a symbol is a symbol, that of a level a level.", ("15.1.4",), ("D-47",)
    ),
    "templates-of-each": Note(
        "Every tensor has its templates, its scales and its steps.",
        ("15.5.2",),
        ("D-49", "D-50", "D-51"),
    ),
    "deep-filler": Note(
        "Index 0 is 0 and no shared value; the last weight is an entry.", ("15.6.3",), ("D-52",)
    ),
}


def cases() -> Iterator[Case]:
    """Worked examples first: updates of the ledger follow them."""
    for group, described, notes in (
        ("worked", EXAMPLES, WORKED),
        ("decisions", LEDGER, DECIDED),
    ):
        for description in described:
            if description.name in notes:
                note = notes[description.name]
                yield Case(group, description, *note)
