"""Items that no stream of the suite reaches, each with the reason."""

from fnmatch import fnmatchcase
from typing import Final

_NOT_DECODING = "tensors do not depend on topologies: it is broken when one is unpacked"
_INSTALLED = "depends on what is installed; tests/codec/encoder/methods/test_video.py takes it away"
_ALIGNED = "every string of the syntax stands on a byte boundary"

WAIVERS: Final[dict[str, str]] = {
    "state 0 more probable 0 bin [01]": (
        "S is negative where a 0 is the more probable bin, and S >> 7 of a negative number is not 0"
    ),
    "state 31 more probable 1 bin [01]": (
        "no sequence of bins leads there: 3889 is the largest S of all sets"
    ),
    "context greater [01] base below x bin [01]": "a base level is below 0 or 1 only if it is 0",
    "rule string-not-aligned": _ALIGNED,
    "* bits.py BitReader.st: *string-not-aligned*": _ALIGNED,
    "rule topology-*": _NOT_DECODING,
    "rule limit-topology-bytes": _NOT_DECODING,
    "rule video-decoder-missing": _INSTALLED,
    "* hevc.py hevc_pictures: except ImportError:": _INSTALLED,
    "* hevc.py hevc_pictures: *video-decoder-missing*": _INSTALLED,
    "* updates.py check_parent_hash: *return*": (
        "for callers that hand in a state without payloads; no stream leaves one"
    ),
}
"""By item; the wild cards are those of file names."""


def waiver(item: str) -> str | None:
    """The reason of an item that need not be reached; None if it has to be."""
    return next((reason for name, reason in WAIVERS.items() if fnmatchcase(item, name)), None)
