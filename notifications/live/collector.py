"""Python's garbage collector, tuned for a process that holds thousands of sockets: only if the site asks for it."""

from __future__ import annotations

import gc

# Young objects before a collection; collections of the young before one of the middle generation, and of those before
# one of all. Python's own 700 (later 2,000), 10, 10 make a mass connect look at every socket there is, again and again.
THRESHOLDS = (10_000, 20, 100)


def tune() -> None:
    """Leave alone for good what is there now, which is code and settings; collect less often what comes later.

    It concerns the whole process, which is the site's. What is freed by counting references, nearly everything, still
    is at once.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
