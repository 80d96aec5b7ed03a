"""What a delivery costs at least: plain ``send()`` in C, and the ``websockets`` library's ``broadcast()``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.children import SERVER_CORES, Child
from benchmarks.figures import Results

BYTES = 500  # of a frame of the product's with the message that all systems send


def measure_limits(results: Results, native: Path, steps: Sequence[int], rounds: int) -> None:
    """The same fan-outs by servers that do nothing else."""
    commands: dict[str, list[str | Path]] = {
        "limit: C, send()": [native / "limit", "--port", "0"],
        "limit: Python, websockets' broadcast()": [
            sys.executable,
            Path(__file__).parent / "native" / "broadcast.py",
            "--port",
            "0",
        ],
    }
    for name, command in commands.items():
        with Child(command) as server:
            os.sched_setaffinity(server.process.pid, SERVER_CORES)
            port = server.read()["listening"]
            for count in steps:
                _fan_out(results, name, server, _load(native, port, count), count, rounds)


def _load(native: Path, port: int, count: int) -> Child:
    return Child([native / "load", "--port", str(port), "--count", str(count), "--path", "/", "--greetings", "1"])


def _fan_out(results: Results, name: str, server: Child, load: Child, count: int, rounds: int) -> None:
    with load as client:
        client.read()
        for _ in range(rounds):
            client.ask("reset")
            answer = server.ask(f"send {BYTES}")
            stats = client.ask(f"wait {count} 60")
            if stats["min_per_socket"] != 1:
                raise RuntimeError(f"{name}: not one message at each socket: {stats}")
            work = f"bulk fan-out to {count:,}"
            results.add(work, name, answer["cpu_seconds"] * 1e6 / count, "µs")
            results.add(f"{work}, rate", name, stats["rate"], "/s")
            results.add(f"{work}, p99", name, stats["p99_ms"], "ms")
