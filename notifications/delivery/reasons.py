"""A decision in words, for whoever asks why: the recipient on their own page, and who runs the site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..models import Delivery, Reason, Status

# {moment}: when it is due. Without a due time it is about to happen.
WAITS: Mapping[str, str | Promise] = {
    Reason.QUIET_HOURS: gettext_lazy("It waits for the end of the quiet hours: {moment}."),
    Reason.DIGEST: gettext_lazy("It comes together with others: {moment}."),
    Reason.ESCALATION: gettext_lazy("It goes out if it is not read by then: {moment}."),
    Reason.RATE_LIMIT: gettext_lazy("Too many were sent in a short time. It goes out later: {moment}."),
    Reason.RETRY: gettext_lazy("The last attempt failed. The next one: {moment}."),
}
ENDED: Mapping[str, str | Promise] = {
    Reason.PREFERENCE: gettext_lazy(
        "This channel is switched off in the preferences, for everything or for this type."
    ),
    Reason.TYPE_OFF: gettext_lazy("This type of notification is switched off in the preferences."),
    Reason.MUTED: gettext_lazy("This type of notification, or what it is about, was muted."),
    Reason.PAUSED: gettext_lazy("Everything was paused in the preferences."),
    Reason.PRIORITY: gettext_lazy("It was less urgent than what the preferences let through."),
    Reason.NO_ADDRESS: gettext_lazy("There is no address or device for it, or the account is not active."),
    Reason.EXPIRED: gettext_lazy("It expired before it could be sent."),
    Reason.READ: gettext_lazy("It was read before it was sent."),
    Reason.ONLINE: gettext_lazy("The person was online and saw it there."),
    Reason.DELETED: gettext_lazy("It was deleted before it could be sent."),
    Reason.DUPLICATE: gettext_lazy("It was sent already."),
    Reason.NOT_CONFIGURED: gettext_lazy("This site has no such delivery channel."),
    Reason.REFUSED: gettext_lazy("It was refused for good."),
}

# For the recipient, in the place of what the provider or an exception said.
FAILED: Mapping[str, str | Promise] = {
    Reason.REFUSED: gettext_lazy("The provider did not take it: perhaps the address is wrong, or there no more."),
    Reason.GAVE_UP: gettext_lazy("It could not be handed over to the provider."),
}


def in_words(row: Delivery, *, closed_until: datetime | None = None) -> str:
    """One or two sentences in the current language; moments are in the current time zone.

    Args:
        closed_until: the provider fails, and nothing is tried on this channel until then.
    """
    match row.status:
        case Status.QUEUED:
            return _waiting(row, closed_until)
        case Status.SENT:
            return _sent(row)
        case Status.FAILED if row.reason != Reason.REFUSED:
            attempts = (row.digest or row).attempts
            text = ngettext("Given up after {count} attempt.", "Given up after {count} attempts.", attempts)
            return text.format(count=attempts)
    return str(ENDED.get(row.reason) or _("It was not sent."))


def popup_held_back_in_words(reason: Reason) -> str:
    """Browsers decide what pops up, by the preferences of that moment, and nobody wrote down which those were."""
    why = _("It came in the quiet hours.") if reason == Reason.QUIET_HOURS else str(ENDED[reason])
    return _("Open pages showed it at once. By the preferences as they are now, it does not pop up: {why}").format(
        why=why
    )


def with_moment(sentence: str | Promise, moment: datetime) -> str:
    """Fill in ``{moment}``. In English some end with a full stop themselves: 7 p.m."""
    text = str(sentence).format(moment=moment_in_words(moment))
    return text[:-1] if text.endswith("..") else text


def moment_in_words(moment: datetime) -> str:
    """As pages write it."""
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return date_format(local, "DATETIME_FORMAT")


def _waiting(row: Delivery, closed_until: datetime | None) -> str:
    carrier = row.digest or row
    due_at = carrier.due_at
    if carrier.claim is not None and due_at is not None and due_at > timezone.now():
        return _("It is being sent.")
    if closed_until is not None and (due_at is None or due_at <= closed_until):
        text = _("The provider fails, so nothing is sent for a while. The next attempt: {moment}.")
        return with_moment(text, closed_until)
    if row.reason in WAITS and due_at is not None and due_at > timezone.now():
        return with_moment(WAITS[row.reason], due_at)
    return _("It waits to be sent.")


def _sent(row: Delivery) -> str:
    finished_at = row.finished_at or (row.digest.finished_at if row.digest else None)
    if finished_at is None:
        return _("It was sent.")
    if row.digest_id is not None:
        return with_moment(_("It was sent together with others: {moment}."), finished_at)
    return with_moment(_("It was sent: {moment}."), finished_at)
