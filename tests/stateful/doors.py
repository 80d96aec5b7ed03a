"""What can be done to an inbox, and the three doors: Python beside the server, REST, and a socket's commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st

from notifications.inbox import services
from notifications.models import Notification
from tests.live_site import TYPE

NOBODYS_ID = 2**31 - 1  # of a user or a notification


@dataclass(frozen=True)
class Deed:
    """One thing to do. ``places`` choose among the person's notifications: see :meth:`People.ids`."""

    kind: str
    places: tuple[int, ...] = ()
    key: str | None = None
    count: int = 1
    up_to: int | None = None

    def __repr__(self) -> str:
        given = {"places": self.places, "key": self.key, "count": self.count, "up_to": self.up_to}
        plain = {"places": (), "key": None, "count": 1, "up_to": None}
        return f"{self.kind}({', '.join(f'{k}={v}' for k, v in given.items() if v != plain[k])})"


PLACES = st.lists(st.integers(-3, 6), min_size=1, max_size=3).map(tuple)
PLACE = st.integers(-3, 6).map(lambda place: (place,))
MANY_PLACES = st.lists(st.integers(-3, 6), min_size=1, max_size=8).map(tuple)  # more than one frame names
UP_TO = st.none() | st.integers(0, 40)
KEYS = st.sampled_from([None, None, None, "a", "b"])
CHANGES = ["mark_read", "mark_unread", "archive", "unarchive", "delete"]
# Deleting is as frequent as sending lets it be: most of the time there should be something to change.
OFTEN = ["mark_read", "mark_read", "mark_unread", "mark_unread", "archive", "unarchive", "delete"]

SENDS = st.builds(Deed, st.sampled_from(["send", "send", "send_silently", "send_to_many"]), key=KEYS)
SEVERAL = st.builds(Deed, st.sampled_from(OFTEN), PLACES)
ONE = st.builds(Deed, st.sampled_from(OFTEN), PLACE)
# Of the whole inbox. Seldom enough that there is something in it.
UP_TO_A_PLACE = st.one_of(
    st.builds(Deed, st.just("mark_all_read"), up_to=UP_TO),
    st.builds(Deed, st.just("mark_seen"), up_to=st.integers(0, 40)),
)
WHOLE = st.one_of(*[UP_TO_A_PLACE] * 5, st.builds(Deed, st.just("delete_all")))
PAST_THE_SERVICES = st.one_of(
    st.builds(Deed, st.sampled_from(["edit", "edit", "save", "save", "remove", "let_expire"]), MANY_PLACES),
    st.builds(Deed, st.just("bulk_create"), count=st.integers(1, 6)),
)
IN_PYTHON = st.one_of(SENDS, SENDS, SEVERAL, SEVERAL, PAST_THE_SERVICES, PAST_THE_SERVICES, WHOLE)
BY_REST = st.one_of(SENDS, SENDS, SENDS, ONE, ONE, ONE, WHOLE)
BY_SOCKET = st.one_of(
    SEVERAL,
    SEVERAL,
    UP_TO_A_PLACE,
    st.builds(Deed, st.just("get_unread_count")),
)


class People:
    """Somebody whose inbox is watched, and neighbours who get what is sent to many."""

    def __init__(self, user: Any, neighbours: list[Any]) -> None:
        self.user, self.neighbours = user, neighbours
        self._subjects = 0

    def ids(self, places: tuple[int, ...]) -> list[int]:
        """What the person has, by its place; -1 is a neighbour's, -2 nobody's, -3 one that was deleted."""
        own = Notification.objects.filter(recipient=self.user).order_by("pk").values_list("pk", flat=True)
        living, deleted = list(own.filter(deleted_at=None)), own.filter(deleted_at__isnull=False).first()
        theirs = Notification.objects.filter(recipient__in=self.neighbours).values_list("pk", flat=True).first()
        strangers = {-1: theirs, -2: None, -3: deleted}
        found = (strangers[place] if place < 0 else living and living[place % len(living)] for place in places)
        return sorted({pk or NOBODYS_ID for pk in found})

    def subject(self) -> str:
        self._subjects += 1
        return f"number {self._subjects}"

    def everybody(self) -> list[int]:
        return [*(neighbour.pk for neighbour in self.neighbours), self.user.pk, NOBODYS_ID]


# -- Python, in the test's own process: the server hears of it through the layer, or sees it in the database -----------


def in_python(people: People, deed: Deed) -> None:
    user = people.user
    if deed.kind in CHANGES:
        getattr(services, deed.kind)(user, people.ids(deed.places))
    elif deed.kind in {"send", "send_silently"}:
        channels = ["in_app"] if deed.kind == "send_silently" else None
        services.send_notification(user, TYPE, people.subject(), channels=channels, dedupe_key=deed.key)
    elif deed.kind == "send_to_many":
        services.send_notifications(people.everybody(), TYPE, people.subject(), dedupe_key=deed.key)
    elif deed.kind in {"mark_all_read", "mark_seen"}:
        getattr(services, deed.kind)(user, deed.up_to)
    elif deed.kind == "delete_all":
        services.delete_all(user)
    else:
        _WRITES[deed.kind](people, deed)


def _bulk_create(people: People, deed: Deed) -> None:
    rows = [Notification(recipient=people.user, type=TYPE, subject=people.subject()) for _ in range(deed.count)]
    Notification.objects.bulk_create(rows)


def _own(people: People, deed: Deed) -> Any:
    return Notification.objects.filter(recipient=people.user, pk__in=people.ids(deed.places))


def _save(people: People, deed: Deed) -> None:
    for row in _own(people, deed):
        row.subject = people.subject()
        row.save()


def _let_expire(people: People, deed: Deed) -> None:
    _own(people, deed).filter(deleted_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))


_WRITES: dict[str, Callable[[People, Deed], Any]] = {
    "bulk_create": _bulk_create,
    "edit": lambda people, deed: _own(people, deed).filter(deleted_at=None).update(subject=people.subject()),
    "save": _save,
    "remove": lambda people, deed: _own(people, deed).delete(),
    "let_expire": _let_expire,
}


# -- REST: (method, path, query, body) ---------------------------------------------------------------------------------

Request = tuple[str, str, dict[str, Any], dict[str, Any] | None]

_REST_CHANGES = {
    "mark_read": ("PUT", "/mark-as-read", {}),
    "mark_unread": ("PUT", "/mark-as-read", {"read": "false"}),
    "archive": ("PUT", "/archive", {}),
    "unarchive": ("PUT", "/archive", {"archived": "false"}),
    "delete": ("DELETE", "", {}),
}


def by_rest(people: People, deed: Deed) -> Request:
    up_to = {} if deed.up_to is None else {"up_to_seq": deed.up_to}
    if deed.kind in _REST_CHANGES:
        method, end, query = _REST_CHANGES[deed.kind]
        return method, f"/{people.ids(deed.places)[0]}{end}", query, None
    if deed.kind == "mark_all_read":
        return "POST", "/mark-all-read", {}, up_to
    if deed.kind == "mark_seen":
        return "POST", "/mark-seen", {}, up_to
    if deed.kind == "delete_all":
        return "DELETE", "", {}, None
    body: dict[str, Any] = {"notification_type": TYPE, "subject": people.subject(), "dedupe_key": deed.key}
    if deed.kind == "send_to_many":
        return "POST", "/send", {}, {**body, "user_ids": people.everybody()}
    if deed.kind == "send_silently":
        body["channels"] = ["in_app"]
    return "POST", "/send", {}, {**body, "user_id": people.user.pk}


# -- a socket's command ------------------------------------------------------------------------------------------------


def by_socket(people: People, deed: Deed) -> dict[str, Any]:
    if deed.kind in CHANGES:
        return {"type": deed.kind, "notification_ids": people.ids(deed.places)}
    up_to = {} if deed.up_to is None else {"up_to_seq": deed.up_to}
    return {"type": deed.kind, **up_to}
