"""Figures of the paper: Local Non-linear Quantization on NCTM 3.0, Tables 2 to 6.

Numbers only. CR and SL in %; the ratio of Tables 3 to 5 as printed beside what the CRs give.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PaperTest:
    """One network in Table 3 (Test 1) or Table 4 (Test 2)."""

    anchor: float
    lnq: float
    sl: float
    printed: float
    deep_compression: float | None = None

    @property
    def ratio(self) -> float:
        """Of the CRs."""
        return self.anchor / self.lnq


@dataclass(frozen=True, slots=True)
class PaperNetwork:
    """One network of the paper; shares (Table 2) are 2-D convolutions, PW & DW, FC in %."""

    name: str
    shares: tuple[int, int, int]
    original: PaperTest
    pruned: PaperTest

    @property
    def sl_gain(self) -> float:
        """SL of Test 2 in parts of that of Test 1 (Table 6)."""
        return self.pruned.sl / self.original.sl

    @property
    def performance_gain(self) -> float:
        """CR of Test 1 in parts of that of Test 2 (Table 6)."""
        return self.original.lnq / self.pruned.lnq


NETWORKS: Final = (
    PaperNetwork(
        "VGG-16",
        (11, 0, 89),
        PaperTest(2.43, 2.28, 52.4, 1.07, 3.71),
        PaperTest(1.57, 1.28, 66.8, 1.22, 2.05),
    ),
    PaperNetwork(
        "ResNet50",
        (44, 47, 9),
        PaperTest(6.21, 6.19, 24.3, 1.01),
        PaperTest(5.95, 5.89, 30.2, 1.01, 6.01),
    ),
    PaperNetwork(
        "MobileNetV2",
        (1, 63, 36),
        PaperTest(14.75, 14.42, 14.7, 1.02),
        PaperTest(14.31, 13.32, 15.6, 1.08),
    ),
    PaperNetwork(
        "DCase 2017",
        (72, 0, 28),
        PaperTest(7.31, 5.92, 66.4, 1.24),
        PaperTest(4.12, 2.82, 70.3, 1.46),
    ),
)

REASONS: Final = (
    "Other networks and other data: the paper's weights, NCTM 3.0 and ImageNet are not to be had.",
    'The paper compares at "within 2 %" of the original accuracy, each side at a point of its '
    "own; here both sides stand at equal distortion, or at equal loss, between measured points.",
    "The paper's anchor is not said to weigh errors against bits; LNQ's decision does. Beside RDOQ "
    'that gain is gone: compare the row "LNQ published" with URQ and with RDOQ.',
    "Pruned networks of the paper were trained again; here the smallest magnitudes are set to 0 "
    "and nothing is trained.",
    "The overall factor of Test 2 is printed as 1.29; the mean of its own rows is 1.19.",
)
