"""What runs after the caller's commit, once per transaction and not once per notification."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.transaction import TransactionManagementError

from .sequencer import number

logger = logging.getLogger("notifications")

# How far back in the list of commit hooks we look for our own, so that a host's thousands cost nothing.
LOOK_BACK = 20


class _NumberAfterCommit:
    """A commit hook that gathers users for as long as its transaction, or savepoint, lasts."""

    def __init__(self, using: str) -> None:
        self.using = using
        self.user_ids: set[Any] = set()

    def __call__(self) -> None:
        number(self.user_ids, using=self.using)


def number_after_commit(user_ids: Collection[Any], *, using: str) -> None:
    """Number these users' pending rows when the caller's transaction has committed; now if there is none."""
    if not user_ids:
        return
    connection = transaction.get_connection(using)
    savepoints = set(connection.savepoint_ids)
    for entry in reversed(connection.run_on_commit[-LOOK_BACK:]):
        hook = entry[1]
        # The same savepoints: the hook is dropped by just those roll-backs that drop these rows.
        if isinstance(hook, _NumberAfterCommit) and entry[0] == savepoints:
            hook.user_ids.update(user_ids)
            return
    hook = _NumberAfterCommit(using)
    hook.user_ids.update(user_ids)
    run_after_commit(hook, using=using)


def run_after_commit(hook: Any, *, using: str) -> None:
    """Register a hook that may fail without failing the host's other hooks."""
    try:
        transaction.on_commit(hook, using=using, robust=True)
    except TransactionManagementError:
        # Autocommit switched off by hand: Django cannot tell when such a transaction ends. The sweeper can.
        logger.debug("no commit hook in a manual transaction, left to the sweeper")
