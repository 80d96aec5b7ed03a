"""Try again by hand, where somebody has mended what failed."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q
from django.utils import timezone

from ..conf import conf
from ..inbox.commit import run_after_commit
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import ChannelState, Delivery, Reason, Status
from .enqueue import enqueue_at


@retry_deadlocks
def try_again(ids: Collection[int], *, using: str) -> int:
    """Queue failed deliveries anew, with all their attempts before them. Returns how many rows those were.

    A row that failed together with others of a digest goes with all of them: they were one message. Its key stays the
    same, so a provider that knows keys and had it delivered after all does not deliver it twice.
    """
    now = timezone.now()
    rows = Delivery.objects.using(using)
    with short_transaction(using=using):
        chosen = rows.filter(pk__in=ids, status=Status.FAILED).values_list("pk", "digest_id")
        heads = {digest_id or pk for pk, digest_id in chosen}
        queued = {"status": Status.QUEUED, "reason": "", "claim": None, "attempts": 0, "finished_at": None}
        count = rows.filter(Q(digest=None), pk__in=heads, status=Status.FAILED).update(**queued, due_at=now)
        # Not due themselves: what carries them is.
        rows.filter(digest__in=heads, status=Status.FAILED).update(**{**queued, "reason": Reason.DIGEST}, due_at=None)
    _wake_tasks(using=using)
    return count


def try_channels_now(names: Collection[str], *, using: str) -> int:
    """Let the next attempt on each of these channels go out at once, though the last ones failed. Returns how many.

    If that fails, too, the channel is left alone again, for longer.
    """
    closed = ChannelState.objects.using(using).filter(channel__in=names, open_until__gt=timezone.now())
    count = closed.update(open_until=timezone.now())
    _wake_tasks(using=using)
    return count


def _wake_tasks(*, using: str) -> None:
    """Workers look by themselves; the site's task backend does what it is asked for."""
    if conf.TASK_BACKEND is not None:
        now = timezone.now()
        run_after_commit(lambda: enqueue_at(now), using=using)
