"""Clause 15.1.5: the codebooks that LNQ units have in the codeword."""

from dataclasses import dataclass, field

from nnref.spec.process.engine import ArithmeticDecoder
from nnref.spec.process.lnq_header import MAX_VALUE, LnqHeader
from nnref.spec.process.probability import Context
from nnref.spec.process.refused import Refused
from nnref.spec.tables.enums import LnqCentroidMode
from nnref.spec.tables.lnq import DICTIONARY, LEVELS, MERGE_FLAG


@dataclass(slots=True)
class Prediction:
    """Clause 15.1.5: Codebooks of LNQ units. The centre and the gaps, each as it was when a
    codebook had it last; at the start 0, and gaps of 1.
    """

    centre: int = 0
    left: list[int] = field(default_factory=lambda: [1, 1, 1])
    right: list[int] = field(default_factory=lambda: [1, 1, 1, 1])


def unit_codebook(
    engine: ArithmeticDecoder,
    contexts: list[Context],
    header: LnqHeader,
    candidates: list[list[int]],
    prediction: Prediction,
) -> list[int]:
    """Clause 15.1.5: Codebooks of LNQ units. One of the `candidates`, or one of its own."""
    lnq_merge_flag = 0
    if header.lnq_merge_enabled_flag == 1 and candidates:
        lnq_merge_flag = engine.context_bin(contexts, MERGE_FLAG, "lnq_merge_flag")
    if lnq_merge_flag == 1:
        return remembered(candidates[merge_index(engine, len(candidates))], prediction)
    if header.lnq_centroid_mode == LnqCentroidMode.DICTIONARY:
        index = dictionary_index(engine, contexts, len(header.dictionary))
        return remembered(header.dictionary[index], prediction)
    levels = header.lnq_levels
    if header.lnq_variable_levels_flag == 1:
        levels = unit_levels(engine, contexts, levels)
    if levels == 0:
        return []
    if header.lnq_centroid_mode == LnqCentroidMode.DIRECT:
        centroids = direct_codebook(engine, header, levels)
    else:
        centroids = predicted_codebook(engine, header, levels, prediction)
    if centroids[0] < -MAX_VALUE - 1 or centroids[-1] > MAX_VALUE:
        detail = f"{centroids[0]} .. {centroids[-1]}"
        raise Refused("lnq-centroid-overflow", detail, engine.bits.position)
    return remembered(centroids, prediction)


def merge_index(engine: ArithmeticDecoder, candidates: int) -> int:
    """Clause 15.1.5: Codebooks of LNQ units. Which candidate: ones, then a zero unless it is the
    last one.
    """
    index = 0
    while index < candidates - 1 and engine.bypass_bin("lnq_merge_idx", index) == 1:
        index += 1
    return index


def dictionary_index(engine: ArithmeticDecoder, contexts: list[Context], size: int) -> int:
    """Clause 15.1.5: Codebooks of LNQ units. As many bins as the last index has, most significant
    first; the context is the node of a binary tree, whose root is 1.
    """
    bins = (size - 1).bit_length()
    node = 1
    for j in range(bins):
        node = 2 * node + engine.context_bin(contexts, DICTIONARY + node, "lnq_dictionary_idx", j)
    index = node - (1 << bins)
    if index >= size:
        raise Refused("lnq-dictionary-range", f"{index} of {size}", engine.bits.position)
    return index


def unit_levels(engine: ArithmeticDecoder, contexts: list[Context], most: int) -> int:
    """Clause 15.1.5: Codebooks of LNQ units. How many centroids: ones, then a zero unless it is
    the most.
    """
    levels = 0
    while levels < most:
        if engine.context_bin(contexts, LEVELS + levels, "lnq_lu_levels", levels) == 0:
            break
        levels += 1
    return levels


def direct_codebook(engine: ArithmeticDecoder, header: LnqHeader, levels: int) -> list[int]:
    """Clause 15.1.5: Codebooks of LNQ units. As an entry of the dictionary, by bypass bins."""
    egk = header.lnq_centroid_egk
    centre = 0 if header.lnq_zero_centroid_flag == 1 else engine.ieg(egk, "lnq_centre")
    left, right = [centre], [centre]
    for j in range((levels - 1) // 2):
        left.append(left[-1] - 1 - engine.ueg(egk, "lnq_left_gap_minus1", j))
    for j in range(levels // 2):
        right.append(right[-1] + 1 + engine.ueg(egk, "lnq_right_gap_minus1", j))
    return left[:0:-1] + right


def predicted_codebook(
    engine: ArithmeticDecoder, header: LnqHeader, levels: int, prediction: Prediction
) -> list[int]:
    """Clause 15.1.5: Codebooks of LNQ units. As differences to the prediction."""
    egk = header.lnq_centroid_egk
    centre = 0
    if header.lnq_zero_centroid_flag == 0:
        centre = prediction.centre + engine.ieg(egk, "lnq_centre_delta")
    left, right = [centre], [centre]
    for j in range((levels - 1) // 2):
        gap = prediction.left[j] + engine.ieg(egk, "lnq_left_gap_delta", j)
        left.append(left[-1] - increasing(engine, gap))
    for j in range(levels // 2):
        gap = prediction.right[j] + engine.ieg(egk, "lnq_right_gap_delta", j)
        right.append(right[-1] + increasing(engine, gap))
    return left[:0:-1] + right


def increasing(engine: ArithmeticDecoder, gap: int) -> int:
    """Clause 15.1.5: Codebooks of LNQ units. A gap is at least 1."""
    if gap < 1:
        raise Refused("lnq-centroid-order", f"a gap of {gap}", engine.bits.position)
    return gap


def remembered(centroids: list[int], prediction: Prediction) -> list[int]:
    """Clause 15.1.5: Codebooks of LNQ units. Every codebook with levels changes the prediction."""
    if centroids:
        centre = (len(centroids) - 1) // 2
        prediction.centre = centroids[centre]
        for j in range(centre):
            prediction.left[j] = centroids[centre - j] - centroids[centre - j - 1]
        for j in range(len(centroids) // 2):
            prediction.right[j] = centroids[centre + j + 1] - centroids[centre + j]
    return centroids
