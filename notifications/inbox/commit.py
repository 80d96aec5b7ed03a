"""What runs after the caller's commit, once per transaction and not once per notification."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.db import Error, transaction
from django.db.transaction import TransactionManagementError

from .inboxes import realign, realign_later
from .sequencer import number, number_one

logger = logging.getLogger("notifications")

# How far back in the list of commit hooks we look for our own, so that a host's thousands cost nothing.
LOOK_BACK = 20


class _NumberAfterCommit:
    """A commit hook that gathers users for as long as its transaction lasts."""

    def __init__(self, using: str) -> None:
        self.__qualname__ = "number_after_commit"  # Django names a hook that fails by it
        self.using = using
        self.user_ids: set[Any] = set()
        self.loaded: set[Any] = set()
        self.only_new = True

    def __call__(self) -> None:
        if self.loaded:
            self._realign()
        elif self.only_new and len(self.user_ids) == 1 and number_one(next(iter(self.user_ids)), using=self.using):
            return
        number(self.user_ids, using=self.using)

    def _realign(self) -> None:
        try:
            realign(self.loaded, using=self.using)
        # Whatever it is, the others who are in this hook get their numbers.
        except Exception as error:
            logger.warning(
                "bringing inboxes in line failed, the sweeper will try again",
                extra={"user_ids": len(self.loaded), "error": f"{type(error).__name__}: {error}".strip()},
            )
            with suppress(Error):
                realign_later(self.loaded, using=self.using)


def number_after_commit(user_ids: Collection[Any], *, using: str, new: bool = False, loaded: bool = False) -> None:
    """Number these users' pending rows when the caller's transaction has committed; now if there is none.

    Args:
        new: what was written is one new row.
        loaded: rows or inboxes of these users were written with their numbers, so the two may disagree.
    """
    if not user_ids:
        return
    hook = _current_hook(using) or _NumberAfterCommit(using)
    is_new = not hook.user_ids
    hook.only_new &= is_new and new
    hook.user_ids.update(user_ids)
    if loaded:
        hook.loaded.update(user_ids)
    if is_new:
        run_after_commit(hook, using=using)


def _current_hook(using: str) -> _NumberAfterCommit | None:
    # One that was registered in a savepoint is gone if that was rolled back; what is still here runs at the commit,
    # and numbering somebody whose rows were rolled back does nothing.
    hooks = transaction.get_connection(using).run_on_commit[-LOOK_BACK:]
    return next((hook for _, hook, *_ in reversed(hooks) if isinstance(hook, _NumberAfterCommit)), None)


def run_after_commit(hook: Any, *, using: str) -> None:
    """Register a hook that may fail without failing the host's other hooks."""
    try:
        transaction.on_commit(hook, using=using, robust=True)
    except TransactionManagementError:
        # Autocommit switched off by hand: Django cannot tell when such a transaction ends. The sweeper can.
        logger.debug("no commit hook in a manual transaction, left to the sweeper")
