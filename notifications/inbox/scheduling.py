"""Send later: kept as a send to many with a due time. Its notifications are inserted when that has come."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ..models import Batch, BatchChunk
from ..signals import batch_scheduled
from .composing import Outgoing
from .insertion import require_known


def schedule(user: Any, recipient_id: Any, outgoing: Outgoing, *, using: str) -> Batch:
    """Keep a notification for one person.

    Raises:
        UnknownRecipient: there is no such user.
    """
    require_known(user, recipient_id, using=using)
    key = recipient_id if isinstance(recipient_id, int) else str(recipient_id)
    with transaction.atomic(using=using):
        batch = new_batch(outgoing, recipients=1, using=using)
        BatchChunk.objects.using(using).create(batch=batch, user_ids=[key], size=1, due_at=batch.due_at)
    return batch


def new_batch(outgoing: Outgoing, *, recipients: int = 0, using: str) -> Batch:
    """Store the content of a send to many."""
    batch = Batch.objects.using(using).create(
        **outgoing.content, channels=outgoing.external, due_at=outgoing.due_at, recipients=recipients
    )
    if batch.due_at is not None:
        batch_scheduled.send(Batch, batch=batch, using=using)
    return batch
