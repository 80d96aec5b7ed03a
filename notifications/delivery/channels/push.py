"""To a person's browsers, also when no page of the site is open (W3C Push API, RFC 8030)."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ...models import PushSubscription
from ...types import Priority
from .. import vapid
from ..base import Channel, Message
from ..errors import DeliveryError, PermanentError, TemporaryError
from ..hosts import parse_url
from ..http import Answer, Http, timeout_of
from ..origins import Origins
from ..push_services import is_push_service

# A push service takes 4,096 bytes: RFC 8291's header, and the padding and the tag of one record, take these.
MOST_BYTES = 4_096 - 86 - 17
MOST_URL_BYTES = 2_000
URGENCY: Mapping[str, str] = {
    Priority.LOW: "low",
    Priority.MEDIUM: "normal",
    Priority.HIGH: "high",
    Priority.CRITICAL: "high",
}
MOST_RECENT = 50
GONE = frozenset({404, 410})
MOST_TTL = 28 * 86_400  # seconds; services keep nothing longer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one browser's share."""

    device: str
    said: str
    sent: bool = False
    later: TemporaryError | None = None

    def __str__(self) -> str:
        return f"{self.device}: {self.said}"


class PushChannel(Channel):
    """Options: ``VAPID_PRIVATE_KEY`` and ``VAPID_CONTACT`` (``manage.py notifications_vapid`` prints them); ``HOSTS``,
    push services beside those of the known browsers; ``TTL``, the seconds that a service keeps what it cannot deliver;
    ``ICON``, the address of a picture.
    """

    label = _("Push")
    answer_is_public = True  # of each of the person's own browsers, whether it was reached
    required_options = ("VAPID_PRIVATE_KEY", "VAPID_CONTACT")
    optional: ClassVar[Mapping[str, Any]] = {"HOSTS": (), "TTL": 7 * 86_400, "ICON": None}

    def __init__(self, name: str, options: Mapping[str, Any]) -> None:
        super().__init__(name, options)
        timeout = timeout_of(self.options)
        # Where it may send is decided by name. The names are well-known, or the site's own. Which of them is asked a
        # person chooses, so none that fails stops what is for the others.
        self._http = Http(timeout=timeout, private=True, provider=False)
        self._origins = Origins()

    @property
    def public_key(self) -> str:
        """What browsers need to subscribe; empty where the key is missing or wrong, which a system check says."""
        if not vapid.is_installed():
            return ""
        try:
            return vapid.public_key(str(self.options.get("VAPID_PRIVATE_KEY") or ""))
        except ValueError:
            return ""

    def check(self) -> list[CheckMessage]:
        return [
            Error(f"NOTIFICATIONS['CHANNELS'][{self.name!r}]{problem}", hint=cure, id="notifications.E032")
            for problem, cure in self._problems()
        ]

    def addresses(self, user_ids: Collection[Any], *, using: str) -> dict[Any, Any]:
        """Every browser of each person, in one query."""
        rows = PushSubscription.objects.using(using).filter(user_id__in=list(user_ids)).order_by("pk")
        user: Any = PushSubscription._meta.get_field("user").related_model
        if any(each.name == "is_active" for each in user._meta.get_fields()):
            rows = rows.filter(user__is_active=True)
        found: dict[Any, list[PushSubscription]] = {}
        for row in rows:
            found.setdefault(row.user_id, []).append(row)
        return found

    def send(self, message: Message, address: Any) -> str:
        """To each browser, whatever becomes of the others. It is tried again for those alone that it did not reach."""
        body = content(message, icon=self.options["ICON"])
        outcomes = [self._tell(device, message, body) for device in address]
        said = "\n".join(map(str, outcomes)) or "No browser is subscribed any more."
        if late := [outcome.later for outcome in outcomes if outcome.later]:
            waits = [error.retry_after for error in late if error.retry_after is not None]
            raise TemporaryError(said, retry_after=max(waits, default=None), provider=False)
        if not any(outcome.sent for outcome in outcomes):
            raise PermanentError(said)
        return said

    def close(self) -> None:
        self._http.close()

    def _tell(self, device: PushSubscription, message: Message, body: bytes) -> Outcome:
        name = str(device)
        if _short(message) in device.recent_keys.split():
            return Outcome(name, "sent before", sent=True)
        if not is_push_service(device.endpoint, self.options["HOSTS"]):
            return Outcome(name, "its push service is not one of those that this site sends to")
        try:
            encrypted = vapid.encrypt(body, p256dh=device.p256dh, auth=device.auth)
        except ValueError:
            return self._forget(device, "its keys are none; it is subscribed no more")
        try:
            answer = self._post(device, encrypted, message)
        except TemporaryError as error:
            return Outcome(name, str(error), later=error)
        except DeliveryError as error:
            return Outcome(name, str(error))
        return self._judge(device, message, answer)

    def _post(self, device: PushSubscription, encrypted: bytes, message: Message) -> Answer:
        origin, _ = parse_url(device.endpoint)
        self._origins.let_through(origin)
        try:
            answer = self._http.post(device.endpoint, encrypted, self._headers(device, message))
        except TemporaryError:
            self._origins.failed(origin)
            raise
        # One that has had enough for one browser, 429, has not for another.
        (self._origins.failed if answer.status >= 500 else self._origins.answered)(origin)
        return answer

    def _judge(self, device: PushSubscription, message: Message, answer: Answer) -> Outcome:
        if answer.status in GONE:
            return self._forget(device, f"HTTP {answer.status}, it is subscribed no more")
        # The site's key is wrong, or another than the browser knows: perhaps it is put right again.
        if answer.may_work_later or answer.status in {401, 403}:
            late = TemporaryError(str(answer), retry_after=answer.retry_after, provider=False)
            return Outcome(str(device), _in_one_line(answer), later=late)
        if answer.good:
            # Whoever tries again, for another browser or after a crash, leaves this one alone.
            recent = [*device.recent_keys.split(), _short(message)][-MOST_RECENT:]
            device.recent_keys = " ".join(recent)
            _rows(device).update(last_sent_at=timezone.now(), recent_keys=device.recent_keys)
        return Outcome(str(device), _in_one_line(answer), sent=answer.good)

    def _forget(self, device: PushSubscription, said: str) -> Outcome:
        _rows(device).delete()
        return Outcome(str(device), said)

    def _headers(self, device: PushSubscription, message: Message) -> dict[str, str]:
        key, contact = self.options["VAPID_PRIVATE_KEY"], self.options["VAPID_CONTACT"]
        return {
            "Authorization": vapid.authorization(key, endpoint=device.endpoint, contact=contact),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(self._seconds_to_keep(message)),
            "Urgency": URGENCY.get(message.priority, "normal"),
            # While it waits at the service, a second attempt takes the place of the first.
            "Topic": hashlib.sha256(message.key.encode()).hexdigest()[:32],
        }

    def _seconds_to_keep(self, message: Message) -> int:
        ends = [one.expires_at for one in message.notifications]
        last = max((end for end in ends if end is not None), default=None)
        most = min(int(self.options["TTL"]), MOST_TTL)
        if last is None or None in ends:
            return most
        return max(0, min(most, int((last - timezone.now()).total_seconds())))

    def _problems(self) -> Iterator[tuple[str, str]]:
        if not vapid.is_installed():
            yield " needs pywebpush, which is not installed.", vapid.MISSING
            return
        key, contact = str(self.options.get("VAPID_PRIVATE_KEY") or ""), str(self.options.get("VAPID_CONTACT") or "")
        cure = "manage.py notifications_vapid makes a key and prints the setting."
        try:
            vapid.public_key(key)
        except ValueError as error:
            yield f"['VAPID_PRIVATE_KEY']: {error}", cure
        else:
            try:
                vapid.authorization(key, endpoint="https://push.example.org/", contact=contact)
            except ValueError:
                wish = "Whom push services may write to if something is wrong: 'mailto:admin@example.org'."
                yield f"['VAPID_CONTACT'] is {contact!r}.", wish
        yield from self._unusable(self.options["HOSTS"], self.options["TTL"])

    def _unusable(self, hosts: Any, ttl: Any) -> Iterator[tuple[str, str]]:
        if isinstance(hosts, str) or not isinstance(hosts, Iterable) or not all(isinstance(one, str) for one in hosts):
            yield "['HOSTS'] is no list.", "Write ['push.example.org'], or ['.example.org'] for every host below."
        if not isinstance(ttl, int) or isinstance(ttl, bool) or ttl < 0:
            yield f"['TTL'] is {ttl!r}.", f"It must be a number of seconds, at most {MOST_TTL}."


def content(message: Message, *, icon: str | None = None) -> bytes:
    """What the browser is to show, as JSON that fits into one push message: of a long text the beginning."""
    single = not message.is_digest and len(message.notifications) == 1
    shown = {
        "title": message.subject,
        "body": message.body,
        # One that is cut would lead elsewhere; without one a click leads to the list.
        "url": message.url if len(message.url.encode()) <= MOST_URL_BYTES else "",
        # The same notification takes the place of itself.
        "tag": f"notification-{message.notifications[0].pk}" if single else message.key,
        "lang": message.language,
        "critical": message.priority == Priority.CRITICAL,
        **({"icon": icon} if icon else {}),
    }
    for name in ("body", "title"):
        if len(_json(shown)) > MOST_BYTES:
            shown[name] = _beginning(shown, name)
    return _json(shown)


def _beginning(shown: Mapping[str, Any], name: str) -> str:
    """As much of one text as leaves all of it small enough, with a sign that something is missing."""
    text = str(shown[name])

    def size(length: int) -> int:
        return len(_json({**shown, name: f"{text[:length]}…"}))

    fits = bisect_right(range(len(text)), MOST_BYTES, key=size) - 1
    return f"{text[:fits]}…" if fits > 0 else ""


def _json(shown: Mapping[str, Any]) -> bytes:
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _in_one_line(answer: Answer) -> str:
    return ", ".join(str(answer).splitlines()[:2])


def _short(message: Message) -> str:
    return hashlib.sha256(message.key.encode()).hexdigest()[:16]


def _rows(device: PushSubscription) -> Any:
    """The row as it was read: since then it may have become another browser's."""
    rows = PushSubscription.objects.using(device._state.db)
    return rows.filter(pk=device.pk, endpoint_hash=device.endpoint_hash)
