"""Clause 15.1.5: decoding the codebooks of LNQ units."""

from nnref.codec.entropy.kernels.compile import inner
from nnref.codec.entropy.kernels.decode import (
    OK,
    Flags,
    Ints,
    Levels,
    Words,
    next_bin,
    next_bypass_bin,
)
from nnref.codec.entropy.kernels.integers import at, signed
from nnref.spec.tables.lnq import DICTIONARY, LEVELS, MAX_CODE_ONES, MERGE_FLAG

CODE_TOO_LONG, CENTROID_OVERFLOW, CENTROID_ORDER, DICTIONARY_RANGE = range(16, 20)
"""What the decoding of codebooks returns beside OK."""

(
    ORDER, CONTEXT_MODE, CENTROID_MODE, MERGE, EGK, MOST_LEVELS, VARIABLE, ZERO_CENTROID,
    FRACTION_BITS, OPTIONS,
) = range(10)  # fmt: skip
"""Indices of the options of published mode, and their number."""

DIRECT, PREDICTED, BY_DICTIONARY = range(3)
"""Clause 15.1.5: lnq_centroid_mode."""

CENTRE, LEFT, RIGHT, PREDICTION = 0, 1, 4, 8
"""Clause 15.1.5: where the parts of the prediction are, and their number."""

LOWEST, HIGHEST = -(1 << 31), (1 << 31) - 1


@inner
def exp_golomb(words: Words, registers: Ints, k: int) -> int:
    """Clause 5.9: a code of bypass bins, or -1 if it is too long."""
    length = 0
    while next_bypass_bin(words, registers):
        length += 1
        if length > MAX_CODE_ONES:
            return -1
    suffix = 0
    for _ in range(length + k):
        suffix = 2 * suffix + next_bypass_bin(words, registers)
    return (((1 << length) - 1) << k) + suffix


@inner
def unfolded(code: int) -> int:
    """Clause 5.9: 0, 1, 2, 3, 4 stand for 0, 1, -1, 2, -2."""
    return (code + 1) >> 1 if code & 1 else -(code >> 1)


@inner
def read_centroids(
    words: Words,
    registers: Ints,
    options: tuple[int, ...],
    levels: int,
    prediction: Ints,
    book: Levels,
) -> int:
    """Clause 15.1.5: the centroids of a unit, directly or as differences to the prediction."""
    predicted = options[CENTROID_MODE] == PREDICTED
    centre = 0
    if options[ZERO_CENTROID] == 0:
        code = exp_golomb(words, registers, options[EGK])
        if code < 0:
            return CODE_TOO_LONG
        centre = unfolded(code)
        if predicted:
            centre += prediction[CENTRE]
    middle = (levels - 1) >> 1
    lowest = highest = centre
    if LOWEST <= centre <= HIGHEST:
        book[middle] = centre
    for place in range(levels - 1):
        code = exp_golomb(words, registers, options[EGK])
        if code < 0:
            return CODE_TOO_LONG
        gap = code + 1
        if predicted:
            first = LEFT + place if place < middle else RIGHT + place - middle
            gap = prediction[at(first)] + unfolded(code)
            if gap < 1:
                return CENTROID_ORDER
        if place < middle:
            lowest -= gap
            index, value = middle - 1 - place, lowest
        else:
            highest += gap
            index, value = place + 1, highest
        if LOWEST <= value <= HIGHEST:
            book[at(index)] = value
    return OK if lowest >= LOWEST and highest <= HIGHEST else CENTROID_OVERFLOW


@inner
def remember(book: Levels, levels: int, prediction: Ints) -> None:
    """Clause 15.1.5: the codebook becomes the prediction of the next one."""
    if levels == 0:
        return
    middle = (levels - 1) >> 1
    prediction[CENTRE] = book[middle]
    for j in range(middle):
        prediction[LEFT + j] = signed(book[middle - j]) - signed(book[middle - j - 1])
    for j in range(levels >> 1):
        prediction[RIGHT + j] = signed(book[middle + j + 1]) - signed(book[middle + j])


@inner
def merge_sources(unit: int, across: int, last: int, flags: Flags, sources: Ints) -> int:
    """Clause 15.1.5: the units whose codebook can be taken over, in order; returns how many."""
    found = 0
    for source in (unit - 1 if unit % across else -1, unit - across, last):
        usable = source >= 0 and flags[at(source)] == 1
        for i in range(found):
            usable = usable and sources[i] != source
        if usable:
            sources[found] = source
            found += 1
    return found


@inner
def decode_codebook(
    words: Words,
    registers: Ints,
    options: tuple[int, ...],
    control: Ints,
    place: tuple[int, int, int],
    flags: Flags,
    books: Levels,
    sizes: Flags,
    dictionary: Levels,
    dictionary_sizes: Flags,
    prediction: Ints,
    sources: Ints,
) -> int:
    """Clause 15.1.5: the codebook of one unit; `place` is (unit, units across, last LNQ unit)."""
    unit, across, last = place
    found = 0
    if options[MERGE]:
        found = merge_sources(unit, across, last, flags, sources)
    if found and next_bin(words, registers, control, MERGE_FLAG):
        index = 0
        while index < found - 1 and next_bypass_bin(words, registers):
            index += 1
        books[unit] = books[sources[index]]
        sizes[at(unit)] = sizes[sources[index]]
    elif options[CENTROID_MODE] == BY_DICTIONARY:
        leaves = 1
        while leaves < dictionary_sizes.size:
            leaves *= 2
        node = 1
        while node < leaves:
            node = 2 * node + next_bin(words, registers, control, DICTIONARY + node)
        entry = node - leaves
        if entry >= dictionary_sizes.size:
            return DICTIONARY_RANGE
        books[unit] = dictionary[entry]
        sizes[at(unit)] = dictionary_sizes[at(entry)]
    else:
        levels = options[MOST_LEVELS]
        if options[VARIABLE]:
            levels = 0
            while levels < options[MOST_LEVELS]:
                if next_bin(words, registers, control, LEVELS + levels) == 0:
                    break
                levels += 1
        sizes[at(unit)] = levels
        if levels:
            status = read_centroids(words, registers, options, levels, prediction, books[unit])
            if status != OK:
                return status
    remember(books[unit], signed(sizes[at(unit)]), prediction)
    return OK
