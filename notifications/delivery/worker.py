"""Send what is due: in a process of its own, or for a while inside a task of the site's task backend."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread

from django.db import DatabaseError, InterfaceError, close_old_connections, connections

from ..conf import conf
from ..inbox import retention
from ..inbox.sweeper import sweep
from . import circuit, claims, digests
from .attempts import deliver
from .claims import Claim
from .registry import channel_names
from .stop import Stop

logger = logging.getLogger("notifications")

# Few, so that several workers share what comes at once; enough to make use of a connection to a provider.
ROWS_PER_CLAIM = 25
IDLE_SECONDS = 1.0
RATE_SECONDS = 0.1  # between two looks at a channel that waits for its rate, when nothing else is to be done
ROWS_PER_EXPIRY = 1_000


def drain(
    names: Sequence[str] | None = None, *, seconds: float | None = None, stop: Stop | None = None, using: str
) -> int:
    """Deliver in this thread what is due, until nothing is. Returns how many rows were taken.

    Args:
        names: of the channels; by default all.
        seconds: begin nothing any more after so long, and do not wait for a channel's rate.
    """
    chosen = channel_names() if names is None else names
    stop, end = stop or Stop(), None if seconds is None else time.monotonic() + seconds
    total = 0
    while not stop.is_set() and (end is None or time.monotonic() < end):
        while digests.gather(using=using):
            pass
        taken = sum(_drain_some(name, stop, using=using) for name in chosen)
        total += taken
        if taken == 0:
            if end is not None or not claims.held_back(chosen, using=using):
                break
            stop.wait(RATE_SECONDS)
    return total


def _drain_some(name: str, stop: Stop, *, using: str) -> int:
    state = circuit.states([name], using=using)[name]
    found = claims.claim(name, state, limit=ROWS_PER_CLAIM, using=using)
    if found is None:
        return 0
    deliver(found, stop=stop, using=using)
    return len(found.deliveries)


def keep_house(*, stop: Stop | None = None, using: str) -> None:
    """What a server process does, too, where there is one: number, expand, send what was scheduled."""
    while sweep(using=using) and not (stop and stop.is_set()):
        pass


def clean_up(*, using: str) -> None:
    """Delete what has expired, and close what waits for channels that are no more. It reads all that waits."""
    retention.expire(using=using, limit=ROWS_PER_EXPIRY)
    claims.close_left_over(using=using)


class Worker:
    """Claims in the thread that runs it, delivers in ``concurrency`` others, and keeps house in one more.

    Args:
        names: of the channels; by default all that the site has.
        health_file: touched after every round in which the database answered.
    """

    def __init__(
        self, *, names: Sequence[str] | None = None, concurrency: int = 4, health_file: Path | None = None, using: str
    ) -> None:
        self.names = list(channel_names() if names is None else names)
        self.concurrency = concurrency
        self.stop = Stop()
        self._health_file = health_file
        self._using = using
        self._jobs: dict[Future[None], str] = {}
        # A signal handler may put into this kind of queue, whatever it interrupts.
        self._wake: SimpleQueue[None] = SimpleQueue()

    def ask_to_stop(self) -> None:
        """Finish what is being sent, give back the rest, and return from :meth:`run`. May be called by a signal."""
        self.stop.set()
        self._wake.put(None)

    def run(self, *, once: bool = False) -> None:
        """Work until asked to stop; with ``once`` until nothing is due."""
        logger.info("worker started", extra={"channels": self.names, "concurrency": self.concurrency})
        keeper = Thread(target=self._keep_house, name="notifications-house", daemon=True)
        if once:
            keep_house(using=self._using)
            clean_up(using=self._using)
        else:
            keeper.start()
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="notifications-delivery") as pool:
            try:
                self._rounds(pool, once=once)
            finally:
                self.stop.set()
                connections.close_all()
                logger.info("worker stops", extra={"under_way": len(self._jobs)})
        if not once:
            keeper.join()

    def _rounds(self, pool: ThreadPoolExecutor, *, once: bool) -> None:
        failing = False
        while not self.stop.is_set():
            begun = 0
            try:
                begun = self._round(pool)
                failing = False
                if self._health_file is not None:
                    self._health_file.touch()
            except (DatabaseError, InterfaceError) as error:
                if once:
                    raise
                failing = _say_once("the outbox cannot be read, and will be asked again", error, failing)
            if once and not begun and not self._jobs and not claims.held_back(self.names, using=self._using):
                return
            self._rest(0.0 if begun and len(self._jobs) < self.concurrency else self._idle_seconds(once))

    def _idle_seconds(self, once: bool) -> float:
        return RATE_SECONDS if once and not self._jobs else IDLE_SECONDS

    def _rest(self, seconds: float) -> None:
        """Until something has ended, or so long."""
        with suppress(Empty):
            self._wake.get(block=seconds > 0, timeout=seconds)
        for job in [job for job in self._jobs if job.done()]:
            del self._jobs[job]

    def _round(self, pool: ThreadPoolExecutor) -> int:
        """Take what is due, as far as there are threads for it. Returns how many claims were begun."""
        close_old_connections()
        begun = digests.gather(using=self._using)
        states = circuit.states(self.names, using=self._using)
        for name in self.names:
            if len(self._jobs) >= self.concurrency:
                break
            if self._has_its_share(name):
                continue
            found = claims.claim(name, states[name], limit=ROWS_PER_CLAIM, using=self._using)
            if found is not None:
                self._begin(pool, found)
                begun += 1
        self.names = [*self.names[1:], *self.names[:1]]  # another is the first next time
        return begun

    def _has_its_share(self, name: str) -> bool:
        """A slow channel leaves one thread to the others."""
        mine = list(self._jobs.values()).count(name)
        return mine >= max(1, self.concurrency - (len(self.names) > 1))

    def _begin(self, pool: ThreadPoolExecutor, claim: Claim) -> None:
        job = pool.submit(self._in_thread, lambda: deliver(claim, stop=self.stop, using=self._using))
        self._jobs[job] = claim.channel
        job.add_done_callback(lambda _: self._wake.put(None))

    def _in_thread(self, work: Callable[[], None]) -> None:
        try:
            work()
        # What was claimed is taken again when the claim ends.
        except Exception as error:
            logger.exception("a claim was not delivered", extra={"error": f"{type(error).__name__}: {error}".strip()})
        finally:
            connections.close_all()

    def _keep_house(self) -> None:
        failing, cleaned_at = False, float("-inf")
        while not self.stop.is_set():
            try:
                close_old_connections()
                keep_house(stop=self.stop, using=self._using)
                if time.monotonic() - cleaned_at > conf.EXPIRE_SECONDS:
                    clean_up(using=self._using)
                    cleaned_at = time.monotonic()
                failing = False
            except Exception as error:
                failing = _say_once("the housekeeping fails and will go on trying", error, failing)
            self.stop.wait(float(conf.SWEEP_SECONDS))
        connections.close_all()


def _say_once(text: str, error: Exception, failing: bool) -> bool:
    # A database that is down would fill the log otherwise.
    if not failing:
        logger.warning(text, extra={"error": f"{type(error).__name__}: {error}".strip()})
    return True
