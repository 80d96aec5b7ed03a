"""What runs after the caller's commit, once per transaction and not once per notification."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.transaction import TransactionManagementError

from .inboxes import realign
from .sequencer import number

logger = logging.getLogger("notifications")

# How far back in the list of commit hooks we look for our own, so that a host's thousands cost nothing.
LOOK_BACK = 20


class _NumberAfterCommit:
    """A commit hook that gathers users for as long as its transaction, or savepoint, lasts."""

    def __init__(self, using: str) -> None:
        self.__qualname__ = "number_after_commit"  # Django names a hook that fails by it
        self.using = using
        self.user_ids: set[Any] = set()
        self.loaded: set[Any] = set()

    def __call__(self) -> None:
        if self.loaded:
            realign(self.loaded, using=self.using)
        number(self.user_ids, using=self.using)


def number_after_commit(user_ids: Collection[Any], *, using: str, loaded: bool = False) -> None:
    """Number these users' pending rows when the caller's transaction has committed; now if there is none.

    Args:
        loaded: rows or inboxes of these users were written with their numbers, so the two may disagree.
    """
    if not user_ids:
        return
    hook = _current_hook(using) or _NumberAfterCommit(using)
    is_new = not hook.user_ids
    hook.user_ids.update(user_ids)
    if loaded:
        hook.loaded.update(user_ids)
    if is_new:
        run_after_commit(hook, using=using)


def _current_hook(using: str) -> _NumberAfterCommit | None:
    connection = transaction.get_connection(using)
    savepoints = set(connection.savepoint_ids)
    for entry in reversed(connection.run_on_commit[-LOOK_BACK:]):
        hook = entry[1]
        # The same savepoints: the hook is dropped by just those roll-backs that drop these rows.
        if isinstance(hook, _NumberAfterCommit) and entry[0] == savepoints:
            return hook
    return None


def run_after_commit(hook: Any, *, using: str) -> None:
    """Register a hook that may fail without failing the host's other hooks."""
    try:
        transaction.on_commit(hook, using=using, robust=True)
    except TransactionManagementError:
        # Autocommit switched off by hand: Django cannot tell when such a transaction ends. The sweeper can.
        logger.debug("no commit hook in a manual transaction, left to the sweeper")
