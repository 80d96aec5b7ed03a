"""An inbox as a whole: its counts, and what changed in it since a client last looked."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ..conf import conf
from ..inbox.changes import InboxState, changes_since, resync_reason, start_new_epoch, went_back
from ..inbox.services import mark_all_read, mark_seen
from .base import ApiView
from .parameters import body, invalid, up_to_seq, whole_number
from .rows import item, state_of, summary


class UnreadCountView(ApiView):
    """``GET``: ``{"unread_count": n}``."""

    def get(self, request: Request) -> Response:
        return Response({"unread_count": state_of(self.user_key, using=self.using).unread_count})


class MarkAllReadView(ApiView):
    """``POST {"up_to_seq"?: n}``: ``{"updated_count", "unread_count"}``.

    With the newest ``seq`` that the person was shown, what has arrived since stays unread.
    """

    def post(self, request: Request) -> Response:
        change = mark_all_read(self.user_key, up_to_seq(request) if "up_to_seq" in body(request) else None)
        unread_count = state_of(self.user_key, using=self.using).unread_count
        return Response({"updated_count": change.changed, "unread_count": unread_count})


class MarkSeenView(ApiView):
    """``POST {"up_to_seq": n}``: ``{"seen_seq": n}``, which never goes back."""

    def post(self, request: Request) -> Response:
        mark_seen(self.user_key, up_to_seq(request))
        return Response({"seen_seq": state_of(self.user_key, using=self.using).seen_seq})


class ChangesView(ApiView):
    """``GET ?since=<rev>&epoch=<epoch>``: whole rows that changed after ``since``, by ``(rev, id)``.

    The answer is ``{epoch, rev, seen_seq, unread_count, notifications, deleted_ids, more}``. The client
    upserts by id, forgets ``deleted_ids``, keeps ``rev`` as its next ``since``, and asks again at once
    while ``more`` is true.

    Where that is impossible it is ``{resync_required, epoch, rev}`` with ``epoch`` (the database went
    back, or this is another's number), ``horizon`` (changes since then may be purged) or ``too_far`` (one
    revision holds more than ``NOTIFICATIONS["MAX_REPLAY"]`` rows): load the list anew, and go on from the
    ``rev`` that it carries. It is a 200, since nothing failed: a poller that retries or reports errors
    must not take it for one.
    """

    def get(self, request: Request) -> Response:
        since = whole_number(request, "since")
        epoch = request.query_params.get("epoch")
        if not epoch:
            raise invalid("epoch", "epoch is missing. It comes with the list, beside rev.")
        return Response(self._answer(since, epoch))

    def _answer(self, since: int, epoch: str) -> dict[str, Any]:
        user_key, using = self.user_key, self.using
        changes = changes_since({user_key: since}, limit=conf.MAX_REPLAY, using=using).get(user_key)
        # No inbox yet: whatever the client remembers is of another epoch than the one that begins now.
        state = state_of(user_key, using=using) if changes is None else changes.state
        reason = resync_reason(state, since, epoch)
        if went_back(state, since, epoch):
            # None where the user was deleted a moment ago, which is then the answer.
            state = start_new_epoch(user_key, using=using) or state_of(user_key, using=using)
        if reason is not None or changes is None:
            return _resync(reason or "epoch", state)
        if not changes.complete and not changes.rows:
            return _resync("too_far", state)
        rows, complete = changes.rows, changes.complete
        return {
            **summary(state),
            "rev": state.rev if complete else rows[-1]["rev"],
            "notifications": [item(row) for row in rows if row["deleted_at"] is None],
            "deleted_ids": [row["id"] for row in rows if row["deleted_at"] is not None],
            "more": not complete,
        }


def _resync(reason: str, state: InboxState) -> dict[str, Any]:
    return {"resync_required": reason, "epoch": state.epoch, "rev": state.rev}
