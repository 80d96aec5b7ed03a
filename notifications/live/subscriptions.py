"""Join many groups of the Redis pub/sub layer with one command.

``group_add`` sends a command for each group, waits for it under a lock, and costs a fifth of a handshake. The layer has
no other way, so this uses its internals, and only where all of them are as expected; other layers join one by one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any

from ..inbox.chunks import in_chunks

STEP_SECONDS = 5.0  # a layer that hangs must not hold up all groups for good
AT_ONCE = 20  # of a layer that takes one group at a time


async def join_groups(
    layer: Any, groups: Collection[str], channel: str, joined: Callable[[Collection[str]], None]
) -> None:
    """Add ``channel`` to the groups, and tell ``joined`` of each step that has been made, whatever comes after."""
    loop_layer = _loop_layer(layer) if len(groups) > 1 else None
    if loop_layer is None or channel not in loop_layer.channels:
        for some in in_chunks(groups, AT_ONCE):
            async with asyncio.timeout(STEP_SECONDS):
                await asyncio.gather(*(layer.group_add(group, channel) for group in some))
            joined(some)
        return
    by_shard: defaultdict[Any, dict[str, str]] = defaultdict(dict)
    for group in groups:
        name = loop_layer._get_group_channel_name(group)
        loop_layer.groups.setdefault(name, set()).add(channel)
        by_shard[loop_layer._get_shard(name)][name] = group
    for shard, names in by_shard.items():
        async with asyncio.timeout(STEP_SECONDS), shard._lock:
            if missing := [name for name in names if name not in shard._subscribed_to]:
                shard._ensure_redis()
                shard._ensure_receiver()
                await shard._pubsub.subscribe(*missing)
                shard._subscribed_to.update(missing)
        joined(names.values())


def _loop_layer(layer: Any) -> Any | None:
    """The part of a pub/sub layer that belongs to this event loop, if it is one that we know."""
    get = getattr(layer, "_get_layer", None) if type(layer).__name__ == "RedisPubSubChannelLayer" else None
    if get is None:
        return None
    loop_layer = get()
    shards = getattr(loop_layer, "_shards", ())
    parts = ("_lock", "_subscribed_to", "_ensure_redis", "_ensure_receiver", "_pubsub")
    known = all(hasattr(loop_layer, part) for part in ("channels", "groups", "_get_group_channel_name", "_get_shard"))
    return loop_layer if known and shards and all(hasattr(s, part) for s in shards for part in parts) else None
