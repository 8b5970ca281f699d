"""The table of causes: every entry is about something that exists, and none hides another."""

import pytest

from nnref.spec.tables.clauses import CLAUSES
from nnref.tools.syntax.coded import CODED
from nnref.tools.trace.cause_table import CAUSES, Cause
from nnref.tools.trace.contexts import context_meaning
from nnref.tools.trace.divergence import FIELDS

FIELDS_OF_EVENTS = {name for names in FIELDS.values() for name in names} | {"end", ""}
WORDS = {word for name in ("context", "bypass") for word in (f"after-{name}", f"kind-{name}")}
WORDS |= {"kind-terminate", "first-use", "chosen-set", "values-only", "dialect"}
WORDS |= {f"first-of-{part}" for part in ("codeword", "tensor", "block-row")}
WORDS |= {f"other-{part}" for part in ("element", "case", "dq_state", "detail")}
WORDS |= {f"got-{name}" for name in (*FIELDS, "nothing", *CODED)}
WORDS |= {f"expected-{name}" for name in (*FIELDS, "nothing")}


@pytest.mark.parametrize("cause", CAUSES)
def test_entry_is_about_what_exists(cause):
    assert cause.clause in CLAUSES
    assert cause.field in FIELDS_OF_EVENTS
    assert cause.element in ("", *CODED)
    assert set(cause.situation.split()) <= WORDS
    assert cause.text


@pytest.mark.parametrize("cause", CAUSES)
def test_entry_is_not_hidden_by_one_before_it(cause):
    situation = set(cause.situation.split())
    assert next(one for one in CAUSES if one.fits(cause.field, cause.element, situation)) is cause


def test_last_entry_fits_anything():
    assert CAUSES[-1].fits("anything", "", set())


def test_docstring_names_every_word():
    stated = Cause.__doc__.replace("-E", "-").replace("-NAME", "-").replace("-K", "-")
    for word in WORDS:
        assert word in stated or f"{word.partition('-')[0]}-" in stated


@pytest.mark.parametrize(
    ("index", "meaning"),
    [
        (0, "sig_flag (plain, DQ state 0, zero level before)"),
        (23, "sig_flag (plain, DQ state 7, positive level before)"),
        (24, "sig_flag (temporal, DQ state 0, base 1)"),
        (39, "sig_flag (temporal, DQ state 7, base above 1)"),
        (40, "sig_flag (history, DQ state 0)"),
        (49, "sign_flag (plain, negative level before)"),
        (51, "sign_flag (temporal, negative base)"),
        (52, "sign_flag (temporal, positive base)"),
        (53, "abs_level_greater_x[0] (plain, positive level)"),
        (58, "abs_level_greater_x[2] (plain, negative level)"),
        (59, "abs_level_greater_x[0] (temporal, magnitude of the base not below 0)"),
        (64, "abs_level_greater_x[2] (temporal, magnitude of the base below 2)"),
        (65, "abs_remainder_prefix[0]"),
        (99, "shift_idx_minus_1_present_flag"),
        (100, "no element"),
        (101, "row_skip_list"),
    ],
)
def test_context_in_words(index, meaning):
    assert str(context_meaning(index, 3)) == meaning
