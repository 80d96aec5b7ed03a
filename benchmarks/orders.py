"""The other end of :class:`benchmarks.children.Child`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any


def obey(orders: dict[str, Callable[..., Any]]) -> None:
    """Carry out ``{"do": name, …arguments}`` from the standard input until that ends; print what came of each."""
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answer = orders[order.pop("do")](**order)
        print(json.dumps({} if answer is None else answer), flush=True)
