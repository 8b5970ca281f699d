"""Clause 15.1: encoding local non-linear quantization, with the kernels of tensor data."""

import numpy as np
import numpy.typing as npt

from nnref.codec.entropy.kernels.compile import inner, kernel
from nnref.codec.entropy.kernels.encode import (
    CONTEXTS,
    DQ_STATE,
    LOW,
    NEIGHBOUR,
    NEXT_WORD,
    OK,
    PENDING,
    WORD,
    WORD_MASK,
    Flags,
    Ints,
    Levels,
    Words,
    code_bin,
    code_bypass_bin,
    encode_block,
    encode_flags,
    propagate_carry,
    split,
)
from nnref.codec.entropy.kernels.integers import at, leading_zeros, signed
from nnref.codec.entropy.kernels.lnq_codebooks import (
    BY_DICTIONARY,
    CENTRE,
    CENTROID_MODE,
    EGK,
    LEFT,
    MERGE,
    MOST_LEVELS,
    PREDICTED,
    PREDICTION,
    RIGHT,
    VARIABLE,
    ZERO_CENTROID,
    merge_sources,
    remember,
)
from nnref.codec.entropy.kernels.lnq_runs import (
    CENTROIDS,
    CODEBOOK,
    POSITION,
    RESTART,
    SET,
    WEIGHTS,
    Runs,
)
from nnref.codec.entropy.tables import START_WORDS
from nnref.spec.tables.lnq import CLASS, DICTIONARY, LEVELS, LNQ_FLAG, MERGE_FLAG

Sets = npt.NDArray[np.int64]


@kernel
def encode_shift_parameters(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    contexts: Ints,
    indices: Ints,
    shift_idx: Flags,
) -> None:
    """Clause 15.1.6: a new context set, each context at the start of its parameter set."""
    store = CONTEXTS + 4 * layout[3]
    for i in range(2 * store):
        contexts[at(i)] = START_WORDS[0]
    none = np.empty(0, np.uint8)
    encode_flags(words, registers, layout, (0, 0), contexts, indices, shift_idx, none)
    contexts[:store] = contexts[store:]


@kernel
def encode_class_map(
    words: Words, registers: Ints, across: int, classes: int, control: Ints, class_map: Flags
) -> None:
    """Clause 15.1.3: the class of every unit."""
    for unit in range(class_map.size):
        left = above = classes
        if unit % across:
            left = signed(class_map[at(unit - 1)])
        if unit >= across:
            above = signed(class_map[at(unit - across)])
        k = signed(class_map[at(unit)])
        for j in range(min(k + 1, classes - 1)):
            context = CLASS + 3 * j + signed(left == j) + signed(above == j)
            code_bin(words, registers, control, context, signed(j < k))


@kernel
def encode_unit_flags(
    words: Words, registers: Ints, across: int, control: Ints, flags: Flags
) -> None:
    """Clause 15.1.4: lnq_flag of every unit."""
    for unit in range(flags.size):
        context = LNQ_FLAG
        if unit % across:
            context += signed(flags[at(unit - 1)])
        if unit >= across:
            context += signed(flags[at(unit - across)])
        code_bin(words, registers, control, context, signed(flags[at(unit)]))


@inner
def code_bypass(words: Words, registers: Ints, bin_value: int) -> None:
    """Clause 9.3.3: one of many bypass bins: room for it is made first."""
    if registers[PENDING] >= WORD:
        next_word = registers[NEXT_WORD]
        low, pending, out = split(registers[LOW], registers[PENDING])
        if out > WORD_MASK:
            propagate_carry(words, next_word)
        words[at(min(next_word, words.size - 1))] = out & WORD_MASK
        registers[LOW], registers[PENDING], registers[NEXT_WORD] = low, pending, next_word + 1
    code_bypass_bin(registers, bin_value)


@inner
def code_exp_golomb(words: Words, registers: Ints, k: int, number: int) -> None:
    """Clause 5.9: a number >= 0 as a code of bypass bins."""
    shifted = (number >> k) + 1
    length = 63 - leading_zeros(shifted)
    for _ in range(length):
        code_bypass(words, registers, 1)
    code_bypass(words, registers, 0)
    suffix = number - (((1 << length) - 1) << k)
    for bit in range(length + k - 1, -1, -1):
        code_bypass(words, registers, (suffix >> bit) & 1)


@inner
def folded(number: int) -> int:
    """Clause 5.9: 0, 1, -1, 2, -2 stand as 0, 1, 2, 3, 4."""
    return 2 * number - 1 if number > 0 else -2 * number


@inner
def code_centroids(
    words: Words,
    registers: Ints,
    options: tuple[int, ...],
    book: Levels,
    levels: int,
    prediction: Ints,
) -> None:
    """Clause 15.1.5: the centroids of a unit, directly or as differences to the prediction."""
    predicted = options[CENTROID_MODE] == PREDICTED
    middle = (levels - 1) >> 1
    if options[ZERO_CENTROID] == 0:
        centre = signed(book[middle])
        if predicted:
            centre -= prediction[CENTRE]
        code_exp_golomb(words, registers, options[EGK], folded(centre))
    for place in range(levels - 1):
        if place < middle:
            gap = signed(book[middle - place]) - signed(book[middle - place - 1])
            expected = prediction[LEFT + place]
        else:
            gap = signed(book[place + 1]) - signed(book[place])
            expected = prediction[RIGHT + place - middle]
        code = folded(gap - expected) if predicted else gap - 1
        code_exp_golomb(words, registers, options[EGK], code)


@inner
def same_book(books: Levels, sizes: Flags, one: int, other: int) -> bool:
    """Whether two units have the same centroids."""
    same = sizes[at(one)] == sizes[at(other)]
    for i in range(sizes[at(one)]):
        same = same and books[one, i] == books[other, i]
    return bool(same)


@inner
def code_codebook(
    words: Words,
    registers: Ints,
    options: tuple[int, ...],
    control: Ints,
    place: tuple[int, int, int],
    flags: Flags,
    books: Levels,
    sizes: Flags,
    dictionary_size: int,
    entry: int,
    prediction: Ints,
    sources: Ints,
) -> None:
    """Clause 15.1.5: the codebook of one unit; one of a unit around it is taken over if it is the
    same. `entry` is its index in the dictionary.
    """
    unit, across, last = place
    levels = signed(sizes[at(unit)])
    found, index = 0, 0
    if options[MERGE]:
        found = merge_sources(unit, across, last, flags, sources)
        while index < found and not same_book(books, sizes, unit, sources[index]):
            index += 1
        if found:
            code_bin(words, registers, control, MERGE_FLAG, signed(index < found))
    if index < found:
        for j in range(min(index + 1, found - 1)):
            code_bypass(words, registers, signed(j < index))
    elif options[CENTROID_MODE] == BY_DICTIONARY:
        bins = 0
        while (1 << bins) < dictionary_size:
            bins += 1
        node = 1
        for bit in range(bins - 1, -1, -1):
            code_bin(words, registers, control, DICTIONARY + node, (entry >> bit) & 1)
            node = 2 * node + ((entry >> bit) & 1)
    else:
        if options[VARIABLE]:
            for j in range(min(levels + 1, options[MOST_LEVELS])):
                code_bin(words, registers, control, LEVELS + j, signed(j < levels))
        if levels:
            code_centroids(words, registers, options, books[unit], levels, prediction)
    remember(books[unit], levels, prediction)


@kernel
def encode_runs(
    words: Words,
    registers: Ints,
    layout: tuple[int, ...],
    runs: Runs,
    quantized: Levels,
    sets: Sets,
    across: int,
    options: tuple[int, ...],
    control: Ints,
    flags: Flags,
    books: Levels,
    sizes: Flags,
    dictionary_size: int,
    entries: npt.NDArray[np.int32],
    spent: Ints,
) -> int:
    """Clause 15.1: codebooks and weights in the order of `runs`. Returns a status.

    `quantized` int32[weights] holds quantized parameters, and signed symbols where a unit has a
    codebook: `books` int32[units, 8], `sizes`, or `entries` of the dictionary. `layout` is that of
    the levels. `spent` int64[3] receives the bits of codebooks, levels and symbols.
    """
    none, no_flags = np.empty(0, np.int32), np.empty(0, np.uint8)
    prediction = np.ones(PREDICTION, np.int64)
    prediction[CENTRE] = 0
    sources = np.zeros(3, np.int64)
    state = level_neighbour = symbol_neighbour = 0
    last = -1
    for run in range(runs.shape[0]):
        number, position = signed(runs[run, SET]), signed(runs[run, POSITION])
        before = WORD * registers[NEXT_WORD] + registers[PENDING]
        if number == CODEBOOK:
            code_codebook(
                words, registers, options, control, (position, across, last), flags, books, sizes,
                dictionary_size, signed(entries[at(position)]), prediction, sources,
            )  # fmt: skip
            last = position
            spent[0] += WORD * registers[NEXT_WORD] + registers[PENDING] - before
            continue
        if number == RESTART:
            store = sets.shape[1] // 2
            sets[0, :store] = sets[0, store:]
            continue
        block = (position, 0, 1, signed(runs[run, WEIGHTS]), 0)
        centroids = signed(runs[run, CENTROIDS])
        own = layout
        if centroids:
            middle = (centroids - 1) >> 1
            own = (layout[0], layout[1], 0, layout[3], 0, 0, centroids, middle, 0, 0, 0)
            registers[DQ_STATE], registers[NEIGHBOUR] = 0, symbol_neighbour
        else:
            registers[DQ_STATE], registers[NEIGHBOUR] = state, level_neighbour
        status = encode_block(
            words, registers, own, (0, 0), block, quantized, none, no_flags, sets[number], no_flags
        )
        if status != OK:
            return status
        if centroids:
            symbol_neighbour = registers[NEIGHBOUR]
        else:
            state, level_neighbour = registers[DQ_STATE], registers[NEIGHBOUR]
        after = WORD * registers[NEXT_WORD] + registers[PENDING]
        spent[2 if centroids else 1] += after - before
    return OK
