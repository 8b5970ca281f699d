# ruff: noqa: E501
"""Faults planted in copies of the literal decoder are located by `diverge`, exactly.

The bin where a copy first does something else is found here by putting its list of bins beside
the right one, and for a fault in a single bin it is known beforehand.
"""

import json
from itertools import zip_longest

import pytest

from nnref.tools.trace import diverge

from .faulty import Edit, events_of, plant
from .samples import only, source, whole

COUNT = (
    Edit(
        "engine", "        self.shifts = 0\n", "        self.shifts = 0\n        self.count = -1\n"
    ),
    Edit("engine", '"""Clause 9.3.2: Context bins."""', "self.count += 1"),
    Edit(
        "engine",
        '"""Clause 9.3.3: Bypass bins. Both values are equally probable."""',
        "self.count += 1",
    ),
)
"""The copy counts its bins; {HERE} is then the number of the one that goes wrong."""
HERE = "(self.count == {HERE})"
AT, NEXT, NEXT_USE = "the bin itself", "the bin behind it", "the next bin with its context"

SINGLE = {
    # name: (kind of bin, where it shows, edit)
    "other context": ("context", AT, "context = contexts[index]", f"index += {HERE}; context = contexts[index]"),
    "context of another element": ("context", AT, "context = contexts[index]", f"index = 60 if {HERE} else index; context = contexts[index]"),
    "wrong value": ("context", AT, "        update(context, value)\n", f"        value ^= {HERE}\n        update(context, value)\n"),
    "more probable value exchanged": ("context", AT, "more_probable = 1 if s >= 0 else 0", f"more_probable = (1 if s >= 0 else 0) ^ {HERE}"),
    "no update": ("context", NEXT_USE, "        update(context, value)\n", f"        if not {HERE}: update(context, value)\n"),
    "update done twice": ("context", NEXT_USE, "        update(context, value)\n", f"        if {HERE}: update(context, value)\n        update(context, value)\n"),
    "update towards the other value": ("context", NEXT_USE, "update(context, value)\n", f"update(context, value ^ {HERE})\n"),
    "fast estimator off by one": ("context", NEXT_USE, "        update(context, value)\n", f"        update(context, value)\n        context.fast += {HERE}\n"),
    "slow estimator off by one": ("context", NEXT_USE, "        update(context, value)\n", f"        update(context, value)\n        context.slow -= {HERE}\n"),
    "context forgotten": ("context", NEXT_USE, "        update(context, value)\n", f"        update(context, value)\n        if {HERE}: context.fast = context.slow = 9\n"),
    "range too large": ("context", NEXT, "        self.renormalise()\n", f"        self.renormalise()\n        self.range += {HERE}\n"),
    "range forced": ("context", NEXT, "        self.renormalise()\n", f"        self.renormalise()\n        if {HERE}: self.range = 256\n"),
    "offset too large": ("context", NEXT, "        self.renormalise()\n", f"        self.renormalise()\n        self.offset += {HERE}\n"),
    "bit too many": ("context", NEXT, "        self.renormalise()\n", f"        self.renormalise()\n        if {HERE}: self.shift()\n"),
    "column of rangeLps": ("context", None, "[abs(s >> 7)]", f"[min(31, abs(s >> 7) + 5 * {HERE})]"),
    "row of rangeLps": ("context", None, "RANGE_LPS[(range_ >> 5) & 7]", f"RANGE_LPS[((range_ >> 5) + 4 * {HERE}) & 7]"),
    "no bit shifted in": ("bypass", None, "        self.shift()\n        value = 1", f"        if not {HERE}: self.shift()\n        value = 1"),
    "bypass bin exchanged": ("bypass", AT, "        value = 1 if self.offset >= range_ else 0\n", f"        value = (1 if self.offset >= range_ else 0) ^ {HERE}\n"),
    "offset not reduced": ("bypass", None, "            self.offset -= range_\n", f"            self.offset -= range_ * (not {HERE})\n"),
    "bypass bin halves the range": ("bypass", NEXT, "        if value == 1:\n            self.offset -= range_\n", f"        if value == 1:\n            self.offset -= range_\n        if {HERE}: self.range = 256 + self.range // 4\n"),
    "bypass bin moves the offset": ("bypass", NEXT, "        if value == 1:\n            self.offset -= range_\n", f"        if value == 1:\n            self.offset -= range_\n        self.offset += {HERE}\n"),
    "bypass bin read as another element": ("bypass", AT, "range_, offset = self.range, self.offset\n        self.shift()", f"range_, offset = self.range, self.offset\n        element = 'sign_flag' if {HERE} else element\n        self.shift()"),
}  # fmt: skip
STREAM_OF = {"context": ("BLOCK_ALL", 0.62), "bypass": ("BLOCK_ALL", 0.5)}

RULES = {
    # name: (stream, edits, field, clause of the cause)
    "sign of the level before exchanged": ("dependent", [Edit("contexts", "1 if value < 0 else 2", "2 if value < 0 else 1")], "context", "9.4.2"),
    "level before taken as magnitude": ("block-scan", [Edit("contexts", "by_sign(neighbour)\n\n\ndef sign", "by_sign(abs(neighbour))\n\n\ndef sign")], "context", "9.4.2"),
    "level before not forgotten": ("ENTRY_POINTS", [Edit("tensor", "        decoded.neighbour = 0\n", "        decoded.neighbour *= block_row > 0\n")], "context", None),
    "contexts not reset": ("block-scan", [Edit("tensor", "    for context in contexts:\n        reset(context)\n    engine", "    engine")], "state", "9.6.3"),
    "range not forced": ("block-scan", [Edit("engine", "        self.range = 256\n        self.check_offset()\n", "        pass\n")], "range", "9.6.3"),
    "range forced with one block row": ("one-block-row", [Edit("tensor", "len(starts) > 1 or", "True or")], "end", "9.6.3"),
    "32 shift parameters": ("first", [Edit("tensor", "prefix_bins = cabac.REMAINDER_PREFIX_CONTEXTS\n", "prefix_bins = 32\n")], "element", "A"),
    "contexts kept from tensor to tensor": ("block", [Edit("contexts", "return [Context() for _", "return KEPT or [KEPT.append(Context()) or KEPT[-1] for _"), Edit("contexts", "def by_sign", "KEPT = []\n\n\ndef by_sign")], "state", "9.4.1"),
    "start values not taken": ("shift-parameters", [Edit("tensor", "\n            reset(contexts[index])\n", "\n")], "state", "9.2.2"),
    "update by magnitude": ("BLOCK_ALL", [Edit("probability", "(sign * context.fast >> 3)", "sign * (context.fast >> 3)")], "state", "9.2.3"),
    "shift of the fast estimator": ("first", [Edit("probability", "(fast_shift + 4)", "(fast_shift + 5)")], "state", "9.2.3"),
    "state index by magnitude first": ("BLOCK_ALL", [Edit("engine", "abs(s >> 7)", "(abs(s) >> 7)")], None, "9.3.2"),
    "table of states": ("dependent", [Edit("reconstruct", "STATE_TRANSITION[state]", "STATE_TRANSITION[state ^ 1]")], "context", "10.3"),
    "unary length off by one": ("first", [Edit("payload", "cabac_unary_length_minus1 + 1", "cabac_unary_length_minus1 + 2")], None, None),
    "density not added": ("first", [Edit("payload", "6 + parameters.qp_density", "6")], "element", "7.3.2"),
    "row skip flag of profile 0": ("first", [Edit("tensor", "not syntax.edition_2 or ", "")], "element", "6.14.1"),
    "states of skipped rows": ("row-skip", [Edit("tensor", "range(syntax.columns % 4)", "range(2)")], None, None),
    "sign of the base": ("update-2", [Edit("contexts", "1 if base > 0 else 0", "1 if base < 0 else 0")], "context", "9.4.2"),
    "history mask left out": ("update-2", [Edit("contexts", "if history == 1:", "if history == 2:")], "context", "9.4.2"),
    "bound of the codebook": ("CODEBOOK_P1", [Edit("binarization", "magnitude < limit):\n        x", "magnitude <= limit):\n        x")], None, None),
    "suffix one bin short": ("BLOCK_ALL", [Edit("binarization", 'engine.uae(j, "abs_remainder_suffix")', 'engine.uae(max(0, j - 1), "abs_remainder_suffix")')], "element", None),
    "order of the members": ("block", [Edit("members", 'PAYLOAD_ORDER = ("ls", "bias"', 'PAYLOAD_ORDER = ("bias", "ls"')], "tensor", "7.8.5"),
    "blocks go down first": ("ENTRY_POINTS", [Edit("scan", "    height = 4 << scan_order if", "    height = 8 << scan_order if")], None, None),
}  # fmt: skip


def first_difference(bins, wrong):
    """Number of the first bin that is not the same in both lists, its unit, and both."""
    for right, other in zip_longest(bins, wrong):
        if right != other:
            return right, other
    return None


def check(name, events):
    """Compare `diverge` with the lists of bins; returns what it found."""
    bins = only(whole(name), "bin")
    pair = first_difference(bins, only(events, "bin"))
    assert pair is not None, "the fault does nothing"
    right, other = pair
    found = diverge(source(name), map(json.dumps, only(events, "bin"))).difference
    assert found.expected == right
    assert found.got == other
    if other is not None:
        assert found.field in (key for key in right if right.get(key) != other.get(key)) or (
            right.keys() != other.keys()
        )
    check_values(name, bins, events)
    return found


def check_values(name, bins, events):
    """With the values alone, the first value that differs is named, and its element."""
    numbered = [(one["unit"], one["value"]) for one in bins]
    wrong = [(one["unit"], one["value"]) for one in only(events, "bin")]
    pairs = enumerate(zip_longest(numbered, wrong))
    place = next((i for i, (right, other) in pairs if right != other), None)
    lines = [json.dumps({"unit": unit, "value": value}) for unit, value in wrong]
    found = diverge(source(name), lines).difference
    if place is None or (place == len(wrong) and bins[place]["kind"] == "terminate"):
        assert found is None
    else:
        assert found.expected == (bins[place] if place < len(bins) else None)


@pytest.mark.parametrize("name", SINGLE)
def test_fault_in_a_single_bin_is_located(name, tmp_path, monkeypatch):
    kind, shows, old, new = SINGLE[name]
    stream, part = STREAM_OF[kind]
    bins = only(whole(stream), "bin")
    candidates = [one for one in bins if one["kind"] == kind and "weight" in one]
    if name == "offset not reduced":
        candidates = [one for one in candidates if one["value"] == 1]
    here = candidates[int(part * len(candidates))]
    later = bins[bins.index(here) + 1 :]
    monkeypatch.syspath_prepend(tmp_path)
    edits = [*COUNT, Edit("engine", old, new.replace("{HERE}", str(here["bin"])))]
    copy = plant(tmp_path, "single_" + name.replace(" ", "_"), edits)
    found = check(stream, events_of(copy, source(stream)))
    if shows == AT:
        assert found.expected == here
    elif shows == NEXT:
        assert found.expected == later[0]
        assert found.field in ("range", "offset")
    elif shows == NEXT_USE:
        assert found.expected == next(o for o in later if o.get("context") == here["context"])
        assert (found.field, found.cause.clause) == ("state", "9.2.3")
        assert found.before.last_use == here["bin"]
    else:
        assert found.expected in (here, later[0])


@pytest.mark.parametrize("name", RULES)
def test_fault_in_a_rule_is_located(name, tmp_path, monkeypatch):
    stream, edits, field, clause = RULES[name]
    monkeypatch.syspath_prepend(tmp_path)
    copy = plant(tmp_path, "rule_" + name.replace(" ", "_"), edits)
    found = check(stream, events_of(copy, source(stream)))
    assert field in (None, found.field)
    assert clause in (None, found.cause.clause)


def test_copy_without_a_fault_agrees(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    copy = plant(tmp_path, "single_none", COUNT)
    for name in ("BLOCK_ALL", "block-scan", "update-2"):
        events = events_of(copy, source(name))
        assert only(events, "bin") == only(whole(name), "bin")
        assert diverge(source(name), map(json.dumps, events)).difference is None
