"""This process as a member of channel-layer groups: one channel, many groups, one receive loop."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from ..conf import conf
from ..observability.metrics import hint_failures_total
from .protocol import wire_key
from .subscriptions import STEP_SECONDS, join_groups
from .together import Together

logger = logging.getLogger("notifications")

JOIN_SECONDS = 0.5  # how long a handshake waits for its group; the reconciler covers what comes later
RETRY_SECONDS = 1.0
REJOIN_SECONDS = 3_600.0  # core and in-memory layers forget members after a day
PAUSE_SECONDS = 0.002

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


def user_group(user_id: Any) -> str:
    """The group of one user's sockets, in every process. Keys that Channels would refuse go as a hash."""
    key = str(wire_key(user_id))
    if not _PLAIN_KEY.fullmatch(key):
        key = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"{conf.GROUP_PREFIX}.user.{key}"


def everyone_group() -> str:
    """The group of all server processes."""
    return f"{conf.GROUP_PREFIX}.all"


def shared_layer() -> Any:
    """The site's channel layer if it reaches other processes, else ``None``.

    The in-memory layer ends at this process, where hints are handed over directly: it would only copy them, slowly,
    and drop what exceeds its capacity.
    """
    layer = get_channel_layer(conf.CHANNEL_LAYER)
    return None if isinstance(layer, InMemoryChannelLayer) else layer


class Membership:
    """Converges the groups this process is in towards those it should be in, whatever the layer does meanwhile."""

    def __init__(self, layer: Any, receive: Callable[[dict[str, Any]], None]) -> None:
        self._layer = layer
        self._receive = receive
        self._channel = ""
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._stale: set[str] = set()  # groups of which it is not known whether we are in them
        self._moves: Together[str, None] = Together(self._move)
        self._moving: dict[str, asyncio.Future[None]] = {}
        self._ready = asyncio.Event()
        self._broken = False
        self._rejoin_at = time.monotonic() + REJOIN_SECONDS

    async def run(self) -> None:
        """Receive for ever. A failing layer is tried again; it never ends the loop."""
        while True:
            try:
                if not self._channel:
                    self._channel = await self._layer.new_channel()
                    self._wanted.add(everyone_group())
                    self.converge()
                    self._ready.set()
                await self._receive_loop()
            except Exception as error:
                self._failed(error)
                # A layer that lost its server may have lost our memberships with it.
                self._stale |= self._joined
                await asyncio.sleep(RETRY_SECONDS)
                self.converge()

    async def _receive_loop(self) -> None:
        until = time.perf_counter() + PAUSE_SECONDS
        while True:
            # No time-out around receive(): the pub/sub layer unsubscribes when it is cancelled.
            message = await self._layer.receive(self._channel)
            try:
                self._receive(message)
            except Exception:
                logger.exception("a hint could not be read, the reconciler will repair")
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + PAUSE_SECONDS

    async def join(self, group: str) -> None:
        """Be in ``group``, or give up waiting after half a second: a sick layer must not refuse a handshake."""
        self._wanted.add(group)
        if not self._channel and not self._broken:
            with suppress(TimeoutError):
                async with asyncio.timeout(JOIN_SECONDS):
                    await self._ready.wait()
        moved = self._converge(group)
        if moved is not None and not self._broken:
            with suppress(TimeoutError):
                async with asyncio.timeout(JOIN_SECONDS):
                    # Shielded: others may wait for the same group.
                    await asyncio.shield(moved)

    def leave(self, group: str) -> None:
        self._wanted.discard(group)
        self._converge(group)

    def rejoin(self, group: str) -> None:
        """A hint was missed: perhaps the layer has forgotten us."""
        self._stale.add(group)
        self._converge(group)

    def converge(self) -> None:
        """Try again what failed; called every few seconds."""
        if time.monotonic() > self._rejoin_at:
            self._rejoin_at = time.monotonic() + REJOIN_SECONDS
            self._stale |= self._joined
        for group in (self._wanted ^ self._joined) | self._stale:
            self._converge(group)

    def _converge(self, group: str) -> asyncio.Future[None] | None:
        """What is done when the group is where it should be, or has failed; ``None`` if it is there."""
        moved = self._moving.get(group)
        if moved is None and self._channel and not self._settled(group):
            moved = self._moving[group] = self._moves.put(group)
        return moved

    def _settled(self, group: str) -> bool:
        return group not in self._stale and (group in self._wanted) == (group in self._joined)

    async def _move(self, groups: list[str]) -> list[None]:
        reached: set[str] = set()

        def joined(some: Collection[str]) -> None:
            self._joined.update(some)
            reached.update(some)

        try:
            while moving := [group for group in groups if not self._settled(group)]:
                reached.clear()
                self._stale.difference_update(moving)
                await join_groups(self._layer, [g for g in moving if g in self._wanted], self._channel, joined)
                for group in set(moving).difference(reached):
                    async with asyncio.timeout(STEP_SECONDS):
                        await self._layer.group_discard(group, self._channel)
                    self._joined.discard(group)
                    reached.add(group)
            self._broken = False
        except Exception as error:
            self._stale.update(set(moving) - reached)
            self._failed(error)
        finally:
            for group in groups:  # right after the last look at them: what changes from now on is another move
                del self._moving[group]
        return [None] * len(groups)

    def _failed(self, error: Exception) -> None:
        if not self._broken:
            logger.warning(
                "the channel layer fails, the database carries on",
                extra={"error": f"{type(error).__name__}: {error}"},
            )
        self._broken = True
        hint_failures_total.inc()

    async def close(self) -> None:
        """Leave all groups, waiting half a second at most."""
        self._wanted.clear()
        self.converge()
        if self._moving:
            await asyncio.wait(set(self._moving.values()), timeout=JOIN_SECONDS)
