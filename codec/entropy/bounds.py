"""How many weights a payload can hold at most."""

from typing import Final

from nnref.codec.entropy.syntax import TensorSyntax

BINS_PER_SHIFT: Final = 98
"""Context bins that fit between two shifts of the decoder, at most."""


def most_context_bins(shifts: int) -> int:
    """Clause 8.3.1: the greatest number of context bins within so many shifts.

    A context bin narrows the range R by at least the smallest rangeLps of R's row, which is 4 for
    R >= 480, 3 for R >= 352 and 2 below, and the decoder shifts in a bit when R falls below 256.
    Let p(R) be the number of bins that the smallest steps take from R to below 256; p(510) = 98.
    Every bin that does not shift takes R to some R' with p(R') <= p(R) - 1; every bin that shifts
    n times leads to p(R') <= p(R) - 1 + 98 n, for all entries of rangeLps (the tests go through
    them); bypass bins leave R and shift, and setting R to 256 lowers p. Hence after T shifts there
    were at most p(510) - p(R) + 98 T bins, and p(R) is at least 1.
    """
    return BINS_PER_SHIFT * (shifts + 1) - 1


def most_shifts(payload_bytes: int) -> int:
    """Clause 9.3.5: the shifts before the terminate bin of a payload of so many bytes, at most.

    A payload has 2 + floor(shifts / 8) bytes.
    """
    return 8 * payload_bytes - 9


def weights_bound(payload_bytes: int, syntax: TensorSyntax, row_skip: bool = False) -> int:
    """Clause 8.3.1: an upper bound of the weights of a tensor that a payload can hold.

    Every coded weight has a sig_flag, so there are no more weights than context bins. With
    `row_skip` (row_skip_enabled_flag is 1) a row may cost no more than its entry in
    row_skip_list, so only the number of rows is bounded. With a codebook of one entry nothing is
    coded for a weight and the payload sets no bound: the answer is the declared number.
    """
    if syntax.codes_nothing:
        return syntax.weights
    bins = max(0, most_context_bins(most_shifts(payload_bytes)))
    return bins * syntax.columns if row_skip and syntax.has_flags else bins
