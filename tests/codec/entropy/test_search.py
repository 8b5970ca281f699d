"""What the parameter search counts and chooses, against plain counts over the twin's bins."""

import numpy as np
import pytest
from hypothesis import given, settings

from nnref.codec.entropy import TensorSyntax, cost_table
from nnref.codec.entropy.arrays import NO_FLAGS, NO_LEVELS
from nnref.codec.entropy.kernels import search as kernel
from nnref.codec.entropy.plan import plan
from nnref.codec.entropy.search import TensorData, choose_shift_idx, no_choice
from tests.codec.entropy import twin
from tests.codec.entropy.cases import Case, cases, encode

quick = settings(deadline=None, max_examples=60)
SETS = 9


def data_of(case):
    """What the encoder hands to the search."""
    skipped = NO_FLAGS if case.skipped is None else np.array(case.skipped, np.uint8)
    return TensorData(
        case.quantized,
        case.base if case.syntax.uses_base else NO_LEVELS,
        NO_FLAGS if case.history is None else case.history.view(np.uint8),
        case.coded_history_flag,
        int(case.skipped is not None),
        skipped,
    )


def counted(case, compatible, monkeypatch):
    """Costs by context and set, as the kernel leaves them in its scratch array."""
    kept = []

    def keeping(*arguments):
        kept.append(arguments[-2])
        return kernel.choose_shift_idx(*arguments)

    stand_in = type("Kernel", (), vars(kernel) | {"choose_shift_idx": staticmethod(keeping)})
    with monkeypatch.context() as patch:
        patch.setattr("nnref.codec.entropy.search.kernel", stand_in)
        choose_shift_idx(plan(case.syntax, case.dialect), data_of(case), compatible)
    return kept[0].reshape(-1, SETS).tolist()


def expected_costs(case, compatible):
    """The same, one bin after the other."""
    known = plan(case.syntax, case.dialect)
    bins = twin.compatible_bins(case) if compatible else twin.run(case, no_choice(known)).bins
    return twin.costs(bins, known.contexts, cost_table())


@pytest.mark.parametrize("compatible", [True, False])
def test_costs_are_those_of_nine_estimators_per_context(compatible, monkeypatch):
    @given(cases())
    @quick
    def check(case):
        if compatible or not case.syntax.codes_nothing:
            assert counted(case, compatible, monkeypatch) == expected_costs(case, compatible)

    check()


@pytest.mark.parametrize("probability", [0.5, 0.3, 0.02])
def test_estimators_that_have_met_are_followed_alike(probability, monkeypatch):
    """Contexts with enough bins for all estimators to meet."""
    random = np.random.default_rng(6)
    ones = (random.random(15_000) < probability).astype(np.int32)
    case = Case(TensorSyntax(ones.size, 1, 1), ones)
    assert counted(case, False, monkeypatch) == expected_costs(case, False)


@given(cases())
@quick
def test_compatible_search_chooses_and_codes_as_its_twin(case):
    payload, _ = encode(case, "compatible")
    assert payload == twin.run(case, twin.compatible_choice(case, cost_table())).finish()


@given(cases())
@quick
def test_exact_search_is_never_longer_than_none(case):
    assert len(encode(case, "exact")[0]) <= len(encode(case, "off")[0])


@given(cases())
@quick
def test_exact_search_saves_what_it_says(case):
    """Counted over the bins really coded, the flags included."""
    known = plan(case.syntax, case.dialect)
    chosen, saving = choose_shift_idx(known, data_of(case), False)
    off = no_choice(known)
    assert saving == pytest.approx(_cost(case, off) - _cost(case, chosen))


def _cost(case, shift_idx):
    """Estimated bits of the shift parameters and the context bins of the weights."""
    known = plan(case.syntax, case.dialect)
    found = twin.costs(twin.run(case, shift_idx).bins, known.contexts, cost_table())
    total = sum(sets[shift_idx[index]] for index, sets in enumerate(found))
    coded = [i for i in known.indices.tolist() if case.coded_history_flag or not 40 <= i < 48]
    present = [(0, int(shift_idx[index] > 0)) for index in coded]
    total += twin.costs(present, 1, cost_table())[0][0]
    return total / 32768 + 3 * sum(value for _, value in present)
