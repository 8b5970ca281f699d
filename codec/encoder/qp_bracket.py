"""Following a quality that falls with qp, but not strictly, to where it just meets a target."""

import math
from typing import Final

_TOLERANCE: Final = 0.05
"""dB above the target that are near enough."""
_GUIDED, _TRIALS = 4, 12
"""Trials that follow the measured surplus; all trials."""
_DB_PER_OCTAVE: Final = 20 * math.log10(2)


class QpBracket:
    """Keeps the largest qp that met the target below the smallest one that failed."""

    def __init__(self, legal: range, qp: int, qp_density: int) -> None:
        self.qp = min(max(qp, legal[0]), legal[-1])
        """The qp to try."""
        self._good, self._bad = legal[0] - 1, legal[-1] + 1
        self._found_good = self._found_bad = False
        self._db_per_qp = _DB_PER_OCTAVE / (1 << qp_density)
        self._trials = 0

    def note(self, surplus: float) -> bool:
        """Take the surplus in dB that `qp` has over the target and move on; whether to go on."""
        self._trials += 1
        if surplus >= 0:
            self._good, self._found_good = max(self._good, self.qp), True
        else:
            self._bad, self._found_bad = min(self._bad, self.qp), True
        near = 0 <= surplus <= _TOLERANCE
        if near or self._trials == _TRIALS or self._bad - self._good <= 1:
            return False
        self.qp += self._move(surplus)
        self.qp = min(max(self.qp, self._good + 1), self._bad - 1)
        return True

    def _move(self, surplus: float) -> int:
        """6 dB per octave, the slope of fine quantization; later further, or to the middle."""
        late = max(0, self._trials - _GUIDED)
        if late and self._found_good and self._found_bad:
            return (self._good + self._bad) // 2 - self.qp
        if not math.isfinite(surplus):
            return int(math.copysign(1 << self._trials, surplus))
        return (math.floor(surplus / self._db_per_qp) or 1) << late
