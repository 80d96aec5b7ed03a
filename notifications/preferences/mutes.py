"""What a person does not want to be told of for a while: one type, or one thing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from ..exceptions import InvalidContent
from ..inbox.database import parse_user_key, write_database
from ..inbox.transactions import retry_deadlocks, short_transaction
from ..models import Content, Mute, Notification
from ..types import NotificationType, all_types, get_type
from .rows import lock_preference, of_somebody

MAX_MUTES = 200  # of one person


class Target(NamedTuple):
    """What a notification is about: the primary key of a content type, and the thing's own as text."""

    type_id: int
    id: str


# What is muted: a type, or a target; the other is "" or None.
Muted = tuple[str, Target | None]


def target_of(content: Content) -> Target | None:
    """What a notification, or a send to many, is about."""
    return Target(content.target_type_id, content.target_id) if content.target_type_id is not None else None


def mute(
    user: Any,
    *,
    type: str | type[NotificationType] = "",  # noqa: A002 - what a notification calls it
    target: models.Model | Target | None = None,
    until: datetime | None = None,
    may_shorten: bool = True,
) -> Mute:
    """Send the person nothing of a type, or nothing about a target, until then. All is in their list as ever.

    What was muted already is muted until the new time, be it earlier, unless ``may_shorten`` is false.

    Args:
        user: one, or the primary key of one.
        target: a saved model instance, or :func:`target_of` a notification.
        until: ``None`` for "until :func:`unmute`".
        may_shorten: false keeps the later of the two times.

    Raises:
        UnknownType: no such type is registered.
        UnknownRecipient: no such user.
        InvalidContent: neither a type nor a target was named, or both, or the person has muted 200 already.
    """
    user_id, using = parse_user_key(user), write_database()
    muted = _one_of(get_type(type).slug if type else "", target, using=using)
    text = str(target).replace("\0", "")[:255] if isinstance(target, models.Model) else ""
    with of_somebody(user_id, using=using):
        return _mute(user_id, muted, until, text, may_shorten=may_shorten, using=using)


def unmute(
    user: Any,
    *,
    type: str | type[NotificationType] = "",  # noqa: A002 - what a notification calls it
    target: models.Model | Target | None = None,
) -> bool:
    """Undo :func:`mute`, also of a type that is registered no more. Returns whether there was anything to undo.

    Raises:
        UnknownRecipient: not a value that a user's key can have.
        InvalidContent: neither a type nor a target was named, or both.
    """
    user_id, using = parse_user_key(user), write_database()
    muted = _one_of(str(getattr(type, "slug", type)), target, using=using)
    row = _rows(user_id, using=using).get(muted)
    return row is not None and bool(row.delete()[0])


def mutes_of(user_id: Any, *, using: str) -> list[dict[str, Any]]:
    """What the person has muted, as :func:`~notifications.preferences.services.preferences_of` shows it.

    What is over, and types that are registered no more, are left out.
    """
    known = {kind.slug for kind in all_types()}
    return [
        {**_shown(row), "until": row.until}
        for (kind, _), row in _rows(user_id, using=using).items()
        if (not kind or kind in known) and not _is_over(row.until)
    ]


def replace_mutes(user_id: Any, wanted: Mapping[Muted, datetime | None], *, using: str) -> None:
    """Mute these and nothing else. The caller holds the person's row (:func:`lock_preference`).

    Types that are registered no more are left alone: nobody was shown them.
    """
    rows, known = _rows(user_id, using=using), {kind.slug for kind in all_types()}
    wanted = {muted: until for muted, until in wanted.items() if not _is_over(until)}
    shown = {muted: row for muted, row in rows.items() if muted[1] or muted[0] in known}
    gone = [row.pk for muted, row in shown.items() if muted not in wanted]
    Mute.objects.using(using).filter(pk__in=gone).delete()
    changed = [row for muted, row in rows.items() if muted in wanted and row.until != wanted[muted]]
    for row in changed:
        row.until = wanted[row.type, _target_of(row)]
    Mute.objects.using(using).bulk_update(changed, ["until"])
    new = [muted for muted in wanted if muted not in rows]
    texts = _texts(user_id, [target for _, target in new if target], using=using)
    Mute.objects.using(using).bulk_create(_row(user_id, muted, wanted[muted], texts) for muted in new)


@retry_deadlocks
def _mute(user_id: Any, muted: Muted, until: datetime | None, text: str, *, may_shorten: bool, using: str) -> Mute:
    with short_transaction(using=using):
        preference = lock_preference(user_id, using=using)
        Mute.objects.using(using).filter(user_id=user_id, until__lte=timezone.now()).delete()
        rows = _rows(user_id, using=using)
        row = rows.get(muted)
        if row is None and len(rows) >= MAX_MUTES:
            raise InvalidContent("mutes", f"This person has muted {MAX_MUTES} types and things, which is the most.")
        if row is None:
            target = muted[1]
            texts = {target: text} if target and text else _texts(user_id, [target] if target else [], using=using)
            row = _row(user_id, muted, until, texts)
        row.until = until if may_shorten else _later(row.until, until)
        row.save(using=using)
        preference.save(using=using, update_fields=["updated_at"])
    return row


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    """``None`` is without end."""
    return None if one is None or other is None else max(one, other)


def _is_over(until: datetime | None) -> bool:
    return until is not None and until <= timezone.now()


def _rows(user_id: Any, *, using: str) -> dict[Muted, Mute]:
    """Compared here and not in the database, to which keys such as ``a`` and ``A`` may be the same (MySQL)."""
    rows = Mute.objects.using(using).filter(user_id=user_id).select_related("target_type").order_by("pk")
    return {(row.type, _target_of(row)): row for row in rows}


def _target_of(row: Mute) -> Target | None:
    return Target(row.target_type_id, row.target_id) if row.target_type_id is not None else None


def _row(user_id: Any, muted: Muted, until: datetime | None, texts: Mapping[Target, str]) -> Mute:
    kind, target = muted
    if target is None:
        return Mute(user_id=user_id, type=kind, until=until)
    return Mute(
        user_id=user_id,
        target_type_id=target.type_id,
        target_id=target.id,
        target_text=texts.get(target, ""),
        until=until,
    )


def _shown(row: Mute) -> dict[str, Any]:
    if row.target_type is None:
        return {"type": row.type}
    label = f"{row.target_type.app_label}.{row.target_type.model}"
    return {"target": label, "target_id": row.target_id, "text": row.target_text}


def _one_of(kind: str, target: models.Model | Target | None, *, using: str) -> Muted:
    if bool(kind) == (target is not None):
        raise InvalidContent("mutes", "Name either a type or a target: what is it that is not to be told of?")
    if not isinstance(target, models.Model):
        return kind, target
    if target.pk is None or target._state.adding:
        raise InvalidContent("target", f"target must be a saved model instance; got {target!r:.100}.")
    types = ContentType.objects.db_manager(using)
    return kind, Target(types.get_for_model(target).pk, str(target.pk))


def _texts(user_id: Any, targets: Collection[Target], *, using: str) -> dict[Target, str]:
    """What the person's own notifications call these: of anything else nobody may learn the name here."""
    if not targets:
        return {}
    rows = Notification.objects.using(using).filter(
        recipient_id=user_id,
        target_type__in={each.type_id for each in targets},
        target_id__in={each.id for each in targets},
    )
    found = rows.exclude(target_text="").order_by("pk").values_list("target_type_id", "target_id", "target_text")
    return {Target(type_id, target_id): text for type_id, target_id, text in found}
