"""Decode a stream on a Dask cluster; here a local one of two worker processes.

    python -m nnref.tools.examples.dask_decode IN.nnr OUT.safetensors

On a real cluster only the first line of `decode_on` changes: `Client("tcp://scheduler:8786")`. Any
other executor of `concurrent.futures` (of MPI, of Ray) is passed in the same way.
"""

import sys
from pathlib import Path

from nnref.codec import DecodeReport, decode_file

WORKERS = 2


def decode_on(cluster: object, stream: Path, output: Path) -> tuple[DecodeReport, set[str]]:
    """Decode `stream` into the tensor file `output` with the workers of a Dask cluster.

    Returns the report and the addresses of the workers that did the work.
    """
    from distributed import Client, get_task_stream  # noqa: PLC0415  the extra nnref[dask]

    with Client(cluster) as client, get_task_stream(client) as tasks:
        executor = client.get_executor(pure=False)
        report = decode_file(stream, output, executor=executor, jobs=WORKERS)
    return report, {task["worker"] for task in tasks.data}


def main(arguments: list[str]) -> None:
    """Decode on a cluster of two processes of this machine, which talk over the loopback only."""
    from distributed import LocalCluster  # noqa: PLC0415

    stream, output = map(Path, arguments)
    with LocalCluster(
        n_workers=WORKERS,
        processes=True,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        report, workers = decode_on(cluster, stream, output)
    print(f"{output}: {len(report.tensors)} tensors, decoded by {len(workers)} worker processes")


if __name__ == "__main__":
    main(sys.argv[1:])
