"""From a stream that a decoder gets wrong to the smallest one that it still gets wrong.

`description` takes a stream apart into elements, levels and an encoder's choices, `reductions`
names everything that can be made smaller or simpler, `search` keeps what still fails. Every stream
on the way is encoded anew, and the literal decoder says what it holds.
"""

from nnref.conformance.shrink.search import Shrunk, shrink

__all__ = ["Shrunk", "shrink"]
