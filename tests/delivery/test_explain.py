"""Why it went out, or did not, in words: every status, every reason, digests, and a provider that is down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.utils import timezone, translation

from notifications import send_notification
from notifications.delivery.explain import explain, explain_all, for_recipient
from notifications.delivery.reasons import ENDED, WAITS
from notifications.inbox.services import delete, mark_read
from notifications.models import ChannelState, Delivery, Notification, Reason, Status
from notifications.preferences.services import update_preferences
from notifications.types import BUILT_IN

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
CHANNELS = {"email": {}, "sms": {}}


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with time_machine.travel(NOON, tick=False):
        yield


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.NOTIFICATIONS = {"CHANNELS": CHANNELS}


@pytest.fixture
def ana(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("ana")


def told(user: Any, **options: Any) -> Notification:
    made = send_notification(user, "stock_alert", "Sold out", **{"channels": BUILT_IN, **options})
    return Notification.objects.get(pk=made["notification_id"])


def delivery(notification: Notification, channel: str = "email", **fields: Any) -> Delivery:
    return Delivery.objects.create(
        notification=notification, recipient_id=notification.recipient_id, channel=channel, **fields
    )


def of(notification: Notification, channel: str) -> Any:
    [found] = [each for each in explain(notification) if each.channel == channel]
    return found


def text(notification: Notification, channel: str = "email") -> str:
    return of(notification, channel).text


def test_every_channel_is_there_in_the_order_of_the_settings(ana: Any) -> None:
    notification = told(ana)
    delivery(notification, "carrier_pigeon", status="sent", finished_at=NOON)  # of before the settings changed
    delivery(notification, "sms", status="sent", finished_at=NOON)
    explained = [(each.channel, each.label, each.status, each.reason) for each in explain(notification)]
    assert explained == [
        ("in_app", "List of notifications", "sent", ""),
        ("websocket", "Pop-up", "sent", ""),
        ("email", "E-mail", "skipped", "not_asked"),
        ("sms", "SMS", "sent", ""),
        ("carrier_pigeon", "Carrier pigeon", "sent", ""),
    ]


def test_what_the_inbox_itself_does(ana: Any) -> None:
    loud, silent = told(ana), told(ana, channels=["in_app"])
    assert text(loud, "in_app") == "It is in the list, unread."
    assert of(silent, "websocket").reason == "silent"
    assert "asked for no pop-up" in text(silent, "websocket")
    mark_read(ana, [loud.pk])
    assert text(Notification.objects.get(pk=loud.pk), "in_app").endswith("was read on March 12, 2026, noon.")
    delete(ana, [loud.pk])
    assert text(Notification.objects.get(pk=loud.pk), "in_app").endswith("was deleted on March 12, 2026, noon.")


def test_every_reason_has_words_of_its_own() -> None:
    spoken = {Reason(reason) for reason in (*WAITS, *ENDED)}
    assert spoken == set(Reason) - {Reason.GAVE_UP}
    sentences = [str(sentence) for sentence in (*WAITS.values(), *ENDED.values())]
    assert len(sentences) == len(set(sentences))
    assert all("{moment}" in str(sentence) for sentence in WAITS.values())


@pytest.mark.parametrize("reason", [*WAITS])
def test_what_waits_says_until_when(ana: Any, reason: Reason) -> None:
    notification = told(ana)
    delivery(notification, reason=reason, due_at=LATER)
    assert text(notification) == str(WAITS[reason]).format(moment="March 12, 2026, 1 p.m")
    assert of(notification, "email").due_at == LATER
    with timezone.override(ZoneInfo("Europe/Madrid")), translation.override("en"):
        assert "2 p.m." in text(notification)  # on the clock of whoever asks
    with time_machine.travel(LATER, tick=False):
        assert text(notification) == "It waits to be sent."


@pytest.mark.parametrize("reason", [*ENDED])
def test_what_is_not_sent_says_why(ana: Any, reason: Reason) -> None:
    notification = told(ana)
    delivery(notification, status=Status.SKIPPED, reason=reason, finished_at=NOON)
    explanation = of(notification, "email")
    assert (explanation.status, explanation.status_label) == ("skipped", "Not sent")
    assert (explanation.reason, explanation.text) == (reason, str(ENDED[reason]))


def test_what_was_sent_or_failed_says_when_and_how_often(ana: Any) -> None:
    notification = told(ana)
    delivery(notification, status=Status.SENT, finished_at=NOON, attempts=1, answer="250 OK")
    delivery(notification, "sms", status=Status.FAILED, reason=Reason.GAVE_UP, finished_at=NOON, attempts=8)
    email, sms = of(notification, "email"), of(notification, "sms")
    assert (email.text, email.attempts, email.answer) == ("It was sent: March 12, 2026, noon.", 1, "250 OK")
    assert sms.text == "Given up after 8 attempts."
    Delivery.objects.filter(channel="sms").update(reason=Reason.REFUSED)
    assert text(notification, "sms") == "It was refused for good."


def test_one_that_is_claimed_is_being_sent_until_the_claim_is_over(ana: Any) -> None:
    notification = told(ana)
    delivery(notification, claim="3f0c1d5e-0000-4000-8000-000000000000", due_at=NOON + timedelta(minutes=1))
    assert text(notification) == "It is being sent."
    with time_machine.travel(LATER, tick=False):
        assert text(notification) == "It waits to be sent."


def test_what_comes_with_others_has_the_facts_of_what_brings_it(ana: Any) -> None:
    notification, other = told(ana), told(ana)
    waiting = delivery(notification, reason=Reason.DIGEST, due_at=LATER)
    assert text(notification) == "It comes together with others: March 12, 2026, 1 p.m."
    assert of(notification, "email").digest is True

    carrier = Delivery.objects.create(
        recipient=ana, channel="email", reason=Reason.RETRY, due_at=LATER, attempts=2, answer="421 busy"
    )
    Delivery.objects.filter(pk=waiting.pk).update(digest=carrier, due_at=None)
    gathered = of(notification, "email")
    assert (gathered.attempts, gathered.due_at, gathered.answer) == (2, LATER, "421 busy")
    assert gathered.digest is True

    Delivery.objects.filter(pk=carrier.pk).update(status=Status.SENT, finished_at=LATER, answer="250 OK", due_at=None)
    Delivery.objects.filter(pk=waiting.pk).update(status=Status.SENT, finished_at=LATER)
    assert text(notification) == "It was sent together with others: March 12, 2026, 1 p.m."
    assert of(notification, "email").answer == "250 OK"
    assert of(other, "email").digest is False

    Delivery.objects.filter(pk=carrier.pk)._raw_delete(
        "default"
    )  # the database does not check the key, and retention is free to be half-way
    assert text(notification) == "It was sent together with others: March 12, 2026, 1 p.m."


def test_a_provider_that_fails_is_the_reason_of_what_waits_for_it(ana: Any) -> None:
    notification = told(ana)
    delivery(notification, due_at=NOON)
    delivery(notification, "sms", reason=Reason.QUIET_HOURS, due_at=LATER)
    for channel in CHANNELS:
        ChannelState.objects.create(channel=channel, failures=5, open_until=NOON + timedelta(minutes=10))
    assert text(notification) == (
        "The provider fails, so nothing is sent for a while. The next attempt: March 12, 2026, 12:10 p.m."
    )
    assert "quiet hours" in text(notification, "sms")  # over long before
    Delivery.objects.filter(channel="email").update(due_at=NOON - timedelta(hours=1))
    ChannelState.objects.update(open_until=NOON - timedelta(minutes=10))  # over
    assert text(notification) == "It waits to be sent."


@pytest.mark.parametrize(
    ("preferences", "reason", "why"),
    [
        ({"channels": {"websocket": False}}, "preference", "This channel is switched off"),
        ({"types": {"stock_alert": False}}, "type_off", "This type of notification is switched off"),
        ({"priority": "critical_only"}, "priority", "less urgent"),
        ({"paused_until": "2026-03-13T00:00:00Z"}, "paused", "Everything was paused"),
        ({"mutes": [{"type": "stock_alert", "until": None}]}, "muted", "was muted"),
        (
            {"quiet_hours_enabled": True, "quiet_hours_start": "11:00", "quiet_hours_end": "13:00", "time_zone": "UTC"},
            "quiet_hours",
            "It came in the quiet hours.",
        ),
    ],
)
def test_what_does_not_pop_up_says_why(ana: Any, preferences: dict[str, Any], reason: str, why: str) -> None:
    notification = told(ana)
    update_preferences(ana, preferences)
    popup = of(notification, "websocket")
    assert (popup.status, popup.reason) == ("skipped", reason)
    assert "By the preferences as they are now, it does not pop up" in popup.text
    assert why in popup.text


def test_neither_digests_nor_what_is_critical_keep_a_pop_up_back(ana: Any) -> None:
    update_preferences(ana, {"frequency": "daily"})
    assert of(told(ana), "websocket").status == "sent"
    update_preferences(ana, {"paused_until": "2026-03-13T00:00:00Z"})
    assert of(told(ana, priority="critical"), "websocket").status == "sent"


SECRET = "Traceback: https://api.example/?token=s3cret"


def shown_to_recipient(notification: Notification, channel: str) -> Any:
    [found] = [each for each in for_recipient(explain(notification)) if each.channel == channel]
    return found


@pytest.mark.parametrize(
    ("status", "reason", "says"),
    [
        (
            Status.FAILED,
            Reason.REFUSED,
            "The provider did not take it: perhaps the address is wrong, or there no more.",
        ),
        (Status.FAILED, Reason.GAVE_UP, "It could not be handed over to the provider."),
        (Status.QUEUED, Reason.RETRY, "The last attempt failed."),
        (Status.SKIPPED, Reason.READ, "It was read before it was sent."),
    ],
)
def test_no_error_is_for_the_recipients_eyes(ana: Any, status: Status, reason: Reason, says: str) -> None:
    notification = told(ana)
    due_at = LATER if status == Status.QUEUED else None
    delivery(notification, status=status, reason=reason, due_at=due_at, attempts=2, answer=SECRET)
    assert of(notification, "email").answer == SECRET  # for who runs the site
    shown = shown_to_recipient(notification, "email")
    assert says in shown.text
    assert SECRET not in repr(shown)
    assert (shown.status, shown.reason, shown.attempts, shown.due_at) == (status, reason, 2, due_at)


def test_a_channel_vouches_for_what_its_provider_answers(ana: Any, settings: Any) -> None:
    settings.NOTIFICATIONS = {
        "CHANNELS": {
            "email": {},
            "push": {},
            "webhook": {},
            "pager": {"BACKEND": "tests.delivery.adapters.ToAnybody"},
            "wrong": {"BACKEND": "no.such.Channel"},
        }
    }
    notification = told(ana)
    for channel in ("email", "push", "webhook", "pager", "wrong", "gone"):
        delivery(notification, channel, status=Status.SENT, finished_at=NOON, answer=f"taken by {channel}")
    shown = {each.channel: each.answer for each in for_recipient(explain(notification))}
    assert {channel: answer for channel, answer in shown.items() if answer} == {
        "email": "taken by email",
        "push": "taken by push",
    }


def test_however_many_with_five_queries(ana: Any, django_assert_num_queries: Any) -> None:
    many = [told(ana) for _ in range(5)]
    for notification in many:
        delivery(notification, due_at=NOON)
    with django_assert_num_queries(5):
        found = explain_all(many)
    assert [len(found[notification.pk]) for notification in many] == [4] * 5


def test_it_speaks_the_language_of_whoever_asks(ana: Any) -> None:
    notification = told(ana)
    delivery(notification, reason=Reason.QUIET_HOURS, due_at=LATER)
    with translation.override("es"):
        explained = of(notification, "email")
    assert explained.label == "Correo"
    assert "12 de marzo de 2026" in explained.text
