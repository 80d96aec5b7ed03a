"""``GET /api/notifications/{id}/deliveries``: the answer to "why?", for programs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from rest_framework.test import APIClient

from notifications.models import Delivery, Reason, Status
from notifications.types import BUILT_IN

from .conftest import SERVICE_KEY, by_session, send

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/notifications"
NOON = datetime(2998, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _channels(settings: Any) -> None:
    settings.NOTIFICATIONS = {"SERVICE_KEY": SERVICE_KEY, "CHANNELS": {"email": {}}}


def test_each_channel_with_its_decision(client: APIClient, service: APIClient, ana: Any) -> None:
    [pk] = send(ana, channels=BUILT_IN)
    row = Delivery.objects.create(
        notification_id=pk, recipient=ana, channel="email", reason=Reason.QUIET_HOURS, due_at=NOON, attempts=2
    )
    answer = client.get(f"{LIST}/{pk}/deliveries").json()
    assert answer["notification_id"] == pk
    in_app, websocket, email = answer["deliveries"]
    assert [in_app["channel"], websocket["channel"]] == ["in_app", "websocket"]
    assert email == {
        "channel": "email",
        "label": "E-mail",
        "status": "queued",
        "status_label": "Waiting",
        "reason": "quiet_hours",
        "text": "It waits for the end of the quiet hours: March 12, 2998, noon.",
        "attempts": 2,
        "created_at": email["created_at"],
        "due_at": "2998-03-12T12:00:00Z",
        "finished_at": None,
        "answer": "",
        "digest": False,
    }
    assert datetime.fromisoformat(email["created_at"]).replace(microsecond=0) == row.created_at.replace(microsecond=0)
    assert service.get(f"{LIST}/{pk}/deliveries/?user_id={ana.pk}").json() == answer


def test_what_the_provider_said_is_for_operators(client: APIClient, service: APIClient, ana: Any) -> None:
    [pk] = send(ana, channels=BUILT_IN)
    Delivery.objects.create(
        notification_id=pk, recipient=ana, channel="email", status=Status.FAILED, reason=Reason.GAVE_UP, attempts=12,
        finished_at=NOON, answer="https://api.example/?token=s3cret",
    )  # fmt: skip
    address = f"{LIST}/{pk}/deliveries"
    for who in (client, by_session(ana)):
        email = who.get(address).json()["deliveries"][-1]
        assert (email["answer"], email["attempts"]) == ("", 12)
        assert email["text"] == "Given up after 12 attempts. It could not be handed over to the provider."
        assert "s3cret" not in who.get(address).content.decode()
    assert "s3cret" in service.get(f"{address}?user_id={ana.pk}").json()["deliveries"][-1]["answer"]
    ana.is_staff = True
    ana.save()
    assert "s3cret" in by_session(ana).get(address).json()["deliveries"][-1]["answer"]
    assert "s3cret" not in client.get(address).content.decode()  # a key of theirs may lie in some script


def test_the_words_are_in_the_language_of_the_request(client: APIClient, ana: Any) -> None:
    [pk] = send(ana, channels=BUILT_IN)
    Delivery.objects.create(notification_id=pk, recipient=ana, channel="email", status=Status.SENT, finished_at=NOON)
    answer = client.get(f"{LIST}/{pk}/deliveries", HTTP_ACCEPT_LANGUAGE="es").json()
    assert answer["deliveries"][-1]["label"] == "Correo"
    assert "12 de marzo de 2998" in answer["deliveries"][-1]["text"]


def test_only_ones_own_and_only_what_there_is(client: APIClient, ana: Any, ben: Any) -> None:
    [own], [bens] = send(ana), send(ben)
    for number in (bens, own + 1000, 2**64, "x", "0"):
        response = client.get(f"{LIST}/{number}/deliveries")
        assert (response.status_code, response.json()) == (404, {"detail": "There is no such notification."}), number
    client.delete(f"{LIST}/{own}")
    assert client.get(f"{LIST}/{own}/deliveries").status_code == 404
    assert APIClient().get(f"{LIST}/{own}/deliveries").status_code == 401
