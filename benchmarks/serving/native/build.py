"""Compile the C programs of the speed bench."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parent
PROGRAMS = {
    "load": ["load.c", "crowd.c", "upgrade.c", "frames.c", "samples.c", "handshake.c", "common.c"],
    "limit": ["limit.c", "handshake.c", "common.c"],
}
FLAGS = ["-O2", "-Wall", "-Wextra"]


def build(folder: Path) -> Path:
    """Compile ``load`` and ``limit`` into ``folder``, where a source is newer; returns the folder.

    ``CC`` names the compiler and may hold flags; ``cc`` without it.

    Raises:
        SystemExit: no compiler, one that fails, or a system without epoll.
    """
    if sys.platform != "linux":
        raise SystemExit("The speed bench needs Linux: its load client waits with epoll.")
    folder.mkdir(parents=True, exist_ok=True)
    newest = max(path.stat().st_mtime for pattern in ("*.c", "*.h") for path in SOURCES.glob(pattern))
    for name, sources in PROGRAMS.items():
        program = folder / name
        if not program.exists() or program.stat().st_mtime < newest:
            compile_program(program, sources)
    return folder


def compile_program(program: Path, sources: list[str]) -> None:
    """Under another name first: whoever builds at the same time never runs half a program."""
    unfinished = program.with_name(f"{program.name}.{os.getpid()}")
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    command = [*compiler, *FLAGS, "-o", str(unfinished), *(str(SOURCES / source) for source in sources)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise SystemExit(
            f"The speed bench needs a C compiler, and '{compiler[0]}' does not run ({error.strerror}). Install one "
            "(Debian, Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc; Alpine: apk add gcc musl-dev), or "
            "name yours in CC."
        ) from error
    if done.returncode:
        unfinished.unlink(missing_ok=True)
        raise SystemExit(f"'{shlex.join(command)}' failed:\n{done.stderr.strip()}")
    unfinished.replace(program)
