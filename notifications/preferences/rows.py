"""The row that stands for one person's preferences: who holds its lock may change any of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError

from ..exceptions import UnknownRecipient
from ..inbox.database import existing_users
from ..models import Preference


def lock_preference(user_id: Any, *, using: str) -> Preference:
    """Return the row, locked until the caller's transaction ends; make it, if there is none."""
    Preference.objects.using(using).get_or_create(pk=user_id)
    # Held while rows of other tables are compared: two tabs would both insert the same one.
    return Preference.objects.using(using).select_for_update().get(pk=user_id)


@contextmanager
def of_somebody(user_id: Any, *, using: str) -> Iterator[None]:
    """Around what writes for a person.

    Raises:
        UnknownRecipient: there is none, or they were deleted a moment ago.
    """
    nobody = UnknownRecipient(f"There is no user {user_id}.")
    if not existing_users([user_id], using=using):
        raise nobody
    try:
        yield
    except IntegrityError:
        if existing_users([user_id], using=using):
            raise
        raise nobody from None
