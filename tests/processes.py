"""Child processes and temporary folders that never outlive the test run, whatever ends it."""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>

# The kernel watches the *thread* that started a child. A test may start a server in a thread that ends with
# the test, so one thread that lives as long as the run starts them all.
_launcher = ThreadPoolExecutor(1, "process-launcher")
_folder_locks: list[Any] = []


class DidNotStart(Exception):
    """A server ended, or did not answer in time. The message holds the end of its log."""


def launch(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a child whose output goes to `log`, in its own process group: Ctrl-C is for the tests only.

    On Linux the child gets `death_signal` when this process dies, even by ``kill -9``.
    """
    who: dict[str, Any] = {} if user is None else {"user": user, "group": _group_of(user), "extra_groups": []}
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def start() -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                process_group=0,
                preexec_fn=(lambda: prctl(PR_SET_PDEATHSIG, death_signal)) if prctl else None,
                **who,
            )

    process = _launcher.submit(start).result()
    atexit.register(end, process, signal.SIGKILL)
    return process


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM, *, seconds: float = 10.0) -> None:
    """Send the signal and wait; after `seconds` send SIGKILL. A process that has ended is left alone."""
    if process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_ready(
    process: subprocess.Popen[bytes], answers: Callable[[], bool], *, log: Path, seconds: float = 60.0
) -> None:
    """Ask every 20 ms whether the server answers.

    Raises:
        DidNotStart: it ended early, or did not answer within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not answers():
        if process.poll() is not None:
            raise DidNotStart(f"{process.args} ended with {process.returncode}:\n{tail(log)}")
        if time.monotonic() > deadline:
            end(process, signal.SIGKILL)
            raise DidNotStart(f"{process.args} did not answer within {seconds} s:\n{tail(log)}")
        time.sleep(0.02)


def tail(log: Path, *, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def scratch_folder() -> Path:
    """A new folder that is removed at exit. Its path is short: a UNIX socket's may have 104 bytes."""
    base = Path("/tmp" if os.access("/tmp", os.W_OK) else tempfile.gettempdir())
    _remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix="ntf-", dir=base))
    folder.chmod(0o711)  # another user's server may pass through to its own folder inside
    # Locked before it gets its name, or another run could take the folder for an abandoned one.
    lock = (folder / "lock.new").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.rename(lock.name, folder / "lock")
    _folder_locks.append(lock)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _remove_abandoned(base: Path) -> None:
    """Remove what a run that was killed left behind: nobody holds the lock inside."""
    for name in base.glob("ntf-*/lock"):
        try:
            if name.stat().st_uid == os.getuid():
                with name.open() as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(name.parent, ignore_errors=True)
        except OSError:
            continue


def _group_of(user: str) -> int:
    import pwd  # not on Windows

    return pwd.getpwnam(user).pw_gid
