"""Work for several threads, processes or machines: results in order, a bounded number at a time."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from nnref.spec.errors import refusal

T = TypeVar("T")


class Workers:
    """Calls functions in an executor, or at once where there is none.

    `ahead` is how many calls are submitted before the result of the first is awaited.
    """

    def __init__(self, executor: Executor | None, ahead: int) -> None:
        self.executor = executor
        self.ahead = ahead

    def map(self, function: Callable[..., T], calls: Iterable[tuple[object, ...]]) -> Iterator[T]:
        """The results of `function` with each tuple of arguments, in their order.

        Arguments are taken from `calls` as results are taken from here. A call that raises ends
        the iteration with its exception; calls that have not begun are then cancelled.
        """
        if self.executor is None:
            for arguments in calls:
                yield function(*arguments)
            return
        pending: deque[Future[T]] = deque()
        try:
            for arguments in calls:
                pending.append(self.executor.submit(function, *arguments))
                if len(pending) > self.ahead:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()


@contextmanager
def workers(jobs: int | None, executor: Executor | None) -> Iterator[Workers]:
    """The workers a caller asked for: threads of our own, or any executor.

    `jobs` is the number of calls at work at a time: 1 by default; with an executor the number of
    processors here, which the caller replaces by that of the executor's workers. Raises UsageError
    setting-unknown when it is not positive.
    """
    if jobs is not None and jobs < 1:
        raise refusal("setting-unknown", f"jobs = {jobs} is not positive")
    if executor is not None:
        yield Workers(executor, jobs or os.cpu_count() or 1)
    elif jobs is None or jobs == 1:
        yield Workers(None, 0)
    else:
        pool = ThreadPoolExecutor(jobs, thread_name_prefix="nnref")
        try:
            yield Workers(pool, jobs)
        finally:
            pool.shutdown(cancel_futures=True)
