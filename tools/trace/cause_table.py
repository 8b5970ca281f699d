# ruff: noqa: E501
"""Annex E: what is likely wrong with a decoder, by what differs first in its trace."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry. The words of `situation`, all of which must hold:

    expected-E, got-E: the event, or `nothing`; got-NAME: the element of the trace's event;
    first-of-codeword, -tensor, -block-row: nothing was decoded since its start; after-context,
    after-bypass: the kind of the bin before; first-use: no bin with this context since its start
    state; chosen-set: its shift_idx is not 0; kind-K: the expected kind of bin; values-only: the
    trace tells neither context nor state nor range; other-element, -case, -dq_state, -detail: in
    what the two contexts differ; dialect: what differs is a rule of annex A.
    """

    field: str
    """The field that differs first; empty for any."""
    element: str
    """Of the expected event; empty for any."""
    situation: str
    clause: str
    text: str

    def fits(self, field: str, element: str, situation: Set[str]) -> bool:
        """Whether the entry speaks of this difference."""
        if self.field not in ("", field) or self.element not in ("", element):
            return False
        return set(self.situation.split()) <= situation


_STOPPED: Final = "the trace ends here: the decoder stopped, or ended the codeword too early"

CAUSES: Final = (
    # Headers
    Cause("element", "", "expected-element", "6", "the condition of one of the two elements is read differently, or the count of a list before them"),
    Cause("bit", "", "expected-element", "5", "the element before has another length here: its descriptor, or its count"),
    Cause("bits", "", "expected-element", "5", "the element has another descriptor, or another parameter of it"),
    Cause("descriptor", "", "expected-element", "5", "the element has another descriptor"),
    Cause("value", "", "expected-element", "5", "the same bits are given another value: order of bits or bytes, sign, an offset of one"),
    Cause("end", "", "expected-element got-nothing", "6", _STOPPED),
    Cause("end", "", "expected-element", "6", "the trace has no such element"),
    Cause("end", "", "got-element", "6", "the header has no more elements"),
    # What is decoded
    Cause("end", "", "expected-bin got-nothing first-of-block-row", "9.6.3", "the decoder stopped before a block row: whether its range is set to 256, its entry point"),
    Cause("end", "", "expected-bin got-nothing", "9.1", _STOPPED),
    Cause("end", "", "expected-bin got-level", "9.5", "the weight is taken for complete too early: a bound of a binarization"),
    Cause("end", "", "expected-level", "9.5", "the weight is complete, another bin is read: a bound of a binarization"),
    Cause("end", "", "got-bin", "9.3.4", "the codeword has ended; bins behind its terminate bin, or of a unit that has none"),
    Cause("end", "", "got-checkpoint", "9.3.4", "the codeword has ended before so many bins"),
    Cause("end", "", "", "9.1", "the trace does not follow the order of decoding"),
    Cause("tensor", "", "", "7.8.5", "tensors of a block come in another order, or the tensor ends elsewhere"),
    Cause("element", "", "dialect", "A", "shift parameters of 32 contexts of the remainder prefix: the dialect of NNCodec 1.0"),
    Cause("index", "", "dialect", "A", "shift parameters of 32 contexts of the remainder prefix: the dialect of NNCodec 1.0"),
    Cause("element", "qp_delta", "", "7.3.2", "qp_delta has 6 + qp_density bins and is there unless the payload type is NNR_PT_INT"),
    Cause("element", "", "got-qp_delta", "7.3.2", "qp_delta has 6 + qp_density bins and is there unless the payload type is NNR_PT_INT"),
    Cause("element", "hist_dep_sig_prob_enabled_flag", "", "6.14.1", "the flags at the start of a tensor: profile 1, more than one row and column, parent present"),
    Cause("element", "row_skip_enabled_flag", "", "6.14.1", "the flags at the start of a tensor: profile 1, more than one row and column"),
    Cause("element", "", "got-hist_dep_sig_prob_enabled_flag", "6.14.1", "the history flag is there only with parent_node_id_present_flag 1 in profile 1"),
    Cause("element", "", "got-row_skip_enabled_flag", "6.14.1", "the row skip flag is there only in profile 1, with more than one row and column"),
    Cause("element", "row_skip_list", "", "6.14.1", "row_skip_list has one flag per row if row_skip_enabled_flag is 1"),
    Cause("element", "", "got-row_skip_list", "6.14.1", "row_skip_list has one flag per row if row_skip_enabled_flag is 1"),
    Cause("element", "shift_idx_minus_1_present_flag", "", "9.7", "which contexts have a shift parameter, and in which order"),
    Cause("index", "shift_idx_minus_1_present_flag", "", "9.7", "which contexts have a shift parameter, and in which order"),
    Cause("element", "shift_idx_minus_1", "", "6.14.2", "three bins follow where the present flag is 1"),
    Cause("index", "shift_idx_minus_1", "", "9.7", "which contexts have a shift parameter, and in which order"),
    Cause("element", "", "got-shift_idx_minus_1_present_flag", "9.7", "there are no more contexts with a shift parameter"),
    Cause("element", "sign_flag", "", "9.5.1", "sign_flag follows sig_flag 1, unless the codebook leaves one sign"),
    Cause("element", "", "got-sign_flag", "9.5.1", "sign_flag follows sig_flag 1 only, and not where the codebook leaves one sign"),
    Cause("element", "abs_level_greater_x", "", "9.5.2", "flags follow until one is 0, up to the unary length and the bound of the codebook"),
    Cause("index", "abs_level_greater_x", "", "9.5.2", "x counts from 0 in every weight"),
    Cause("element", "", "got-abs_level_greater_x", "9.5.2", "no more flags: the unary length or the bound of the codebook is reached, or one was 0"),
    Cause("element", "abs_remainder_prefix", "", "9.5.4", "a remainder follows when every flag is 1, the prefix ends with a 0 or at the bound of the codebook"),
    Cause("element", "abs_remainder_suffix", "", "9.5.4", "the suffix has as many bins as the prefix has ones"),
    Cause("element", "", "got-abs_remainder_prefix", "9.5.4", "the prefix ends with a 0 or at the bound of the codebook; without all flags 1 there is none"),
    Cause("element", "", "got-abs_remainder_suffix", "9.5.4", "the suffix has as many bins as the prefix has ones"),
    Cause("element", "terminate_bin", "", "6.14.3", "more weights are read than the tensor codes: its dimensions, or skipped rows"),
    Cause("element", "", "got-terminate_bin", "6.14.3", "fewer weights are read than the tensor codes: its dimensions, or skipped rows"),
    Cause("element", "sig_flag", "", "9.5", "the weight before ends here: a bound of its binarization"),
    Cause("weight", "", "", "9.6", "weights are visited in another order, or a row is skipped: blocks, their edges, row_skip_list"),
    Cause("index", "", "", "9.5", "the place in the element is counted differently"),
    Cause("kind", "", "", "5.9", "a context bin is read as a bypass bin, or the reverse"),
    # Contexts
    Cause("context", "", "other-element", "9.4.1", "the context belongs to another element: first indices depend on the unary length, cabac_unary_length_minus1 + 1"),
    Cause("context", "", "other-case", "9.4.2", "history mask goes before base, base before the level decoded just before"),
    Cause("context", "", "other-dq_state", "10.3", "the state of dependent quantization: transition by the parity of the level, one step per column of skipped rows"),
    Cause("context", "sig_flag", "first-of-block-row other-detail", "9.6.3", "the level before counts as 0 at the start of a block row"),
    Cause("context", "sig_flag", "other-detail", "9.4.2", "the level decoded just before, in scan order, is taken from elsewhere"),
    Cause("context", "sign_flag", "other-detail", "9.4.2", "the level decoded just before, in scan order, is taken from elsewhere"),
    Cause("context", "abs_level_greater_x", "", "9.4.2", "x, and the sign of the level or the size of the base, select the context"),
    Cause("context", "shift_idx_minus_1_present_flag", "", "9.4.1", "all present flags share one context"),
    Cause("context", "row_skip_list", "", "9.4.1", "all flags of rows share one context"),
    Cause("context", "abs_remainder_prefix", "", "9.4.2", "bin j of the prefix has context j of its own"),
    Cause("context", "", "", "9.4.2", "the selection of the context"),
    # Probability model
    Cause("state", "", "first-use first-of-block-row", "9.6.3", "contexts are reset at the start of a block row"),
    Cause("state", "", "first-use chosen-set", "9.2.2", "a context takes the start values of its parameter set when shift_idx is sent"),
    Cause("state", "", "first-use", "9.4.1", "contexts are new in every tensor, reset in every block row"),
    Cause("state", "", "", "9.2.3", "the update after the last bin with this context, or its parameter set"),
    # Engine
    Cause("range", "", "first-of-codeword", "9.3.1", "the range is 510 at the start of a codeword"),
    Cause("range", "", "first-of-block-row", "9.6.3", "the range is set to 256 before the first weight of every block row, if there are several"),
    Cause("range", "", "after-bypass", "9.3.3", "a bypass bin leaves the range as it is"),
    Cause("range", "", "first-of-tensor", "9.1", "the engine runs on from tensor to tensor"),
    Cause("range", "", "after-context", "9.3.2", "subdivision or renormalisation of the bin before: rangeLps, its row (range >> 5) & 7, its column abs(S >> 7)"),
    Cause("offset", "", "first-of-codeword", "9.3.1", "the offset is the first nine bits of the payload"),
    Cause("offset", "", "after-bypass", "9.3.3", "a bypass bin shifts in a bit, then subtracts the range if its value is 1"),
    Cause("offset", "", "after-context", "9.3.2", "the less probable value subtracts from the offset; renormalisation shifts in bits"),
    Cause("shifts", "", "first-of-codeword", "9.3.1", "shifts count from behind the first nine bits"),
    Cause("shifts", "", "", "9.3.2", "renormalisation shifts until the range is 256 or more"),
    # Values
    Cause("value", "", "values-only kind-bypass", "9.3.3", "with the same registers a bypass bin has one value; context, state and range of the bins before would tell more"),
    Cause("value", "", "values-only kind-terminate", "9.3.4", "the registers differ since some bin before; context, state and range would tell which"),
    Cause("value", "", "values-only", "9.3.2", "context, state or registers differ here or since some bin before; a trace with them would tell which"),
    Cause("value", "", "kind-bypass", "9.3.3", "1 if the offset, with the next bit shifted in, is not less than the range"),
    Cause("value", "", "kind-terminate", "9.3.4", "1 if the offset is not less than range - 2"),
    Cause("value", "", "", "9.3.2", "the more probable value, 1 if S is not negative, while offset < range - rangeLps"),
    # Levels
    Cause("level", "", "", "9.5", "the same bins are put together to another level: sign, unary length, remainder"),
    Cause("dq_state", "", "", "10.3", "the state of dependent quantization: transition by the parity of the level, one step per column of skipped rows"),
    # Checkpoints
    Cause("", "", "expected-checkpoint", "9.3", "one of the bins of the interval"),
    Cause("", "", "", "9.1", "the decoding of the bin before"),
)  # fmt: skip
"""The first entry that fits is named; more particular ones come first."""
