"""What every worker does before its first task, in whatever process it is."""

import os
import sys
from collections.abc import Callable
from typing import Any

THREADS = (  # environment variables that numerical libraries read when they are first imported
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"
)  # fmt: skip


def cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def started(start: Callable[[], Any], threads: int) -> Any:
    """Call `start` in a worker, and limit the threads of what it loaded."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    work = start()
    # For libraries that the main script imported before the variables were set.
    threadpool_limits(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    cv2 = sys.modules.get("cv2")
    if cv2 is not None and cv2.getNumThreads() != threads:
        cv2.setNumThreads(threads)
    return work
