"""Where the time of a whole-model encode and decode goes."""

import cProfile
import io
import pstats
from collections.abc import Callable

from nnref.codec import decode, encode
from nnref.tools.bench.models import OPTIONS
from nnref.tools.bench.workload import Tensors


def profile_model(model: Tensors, entries: int) -> str:
    """The functions with the most time of their own, for encode and for decode.

    Kernels are one entry each: what runs inside them is compiled and not seen.
    """
    stream = encode(model, **OPTIONS)
    decode(stream)
    return "\n".join(
        (
            _profile("encode", lambda: encode(model, **OPTIONS), entries),
            _profile("decode", lambda: decode(stream), entries),
        )
    )


def _profile(title: str, work: Callable[[], object], entries: int) -> str:
    profiler = cProfile.Profile()
    profiler.runcall(work)
    text = io.StringIO()
    statistics = pstats.Stats(profiler, stream=text).strip_dirs().sort_stats("tottime")
    statistics.print_stats(entries)
    return f"== {title}\n{text.getvalue().strip()}\n"
