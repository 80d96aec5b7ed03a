from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from notifications.models import Notification
from tests.servers import ROOT, database_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def luis(transactional_db: None) -> Any:
    return get_user_model().objects.create_user("luis")


def send(user: Any, kind: str = "system_alert", **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command("send_notification", str(user), kind, **{"subject": "Hello", **options}, stdout=out)
    (line,) = out.getvalue().splitlines()
    return json.loads(line)


def test_it_sends_to_a_primary_key_and_prints_one_line_of_json(luis: Any) -> None:
    printed = send(
        luis.pk,
        "order_ready",
        message="Come and get it",
        priority="high",
        url="/orders/17",
        data='{"order": 17}',
        dedupe_key="order-17",
    )

    notification = Notification.objects.get()
    assert printed == {
        "success": True,
        "notification_id": notification.pk,
        "created": True,
        "channels_sent": ["in_app", "websocket"],
        "channels_queued": [],
        "channels_skipped": {},
        "batch_id": None,
        "errors": [],
    }
    assert (notification.recipient, notification.type, notification.priority) == (luis, "order_ready", "high")
    assert (notification.subject, notification.message) == ("Hello", "Come and get it")
    assert (notification.url, notification.data) == ("/orders/17", {"order": 17})
    assert (notification.dedupe_key, notification.seq) == ("order-17", 1)


def test_it_sends_to_a_user_name(luis: Any) -> None:
    send("luis")
    assert Notification.objects.get().recipient == luis


def test_a_key_is_tried_before_a_name(luis: Any) -> None:
    get_user_model().objects.create_user(str(luis.pk))
    send(luis.pk)
    assert Notification.objects.get().recipient == luis


def test_the_type_gives_the_priority_where_none_is_named(luis: Any) -> None:
    send(luis.pk, "stock_alert")
    assert Notification.objects.get().priority == "high"


def test_without_websocket_among_the_channels_it_is_silent(luis: Any) -> None:
    assert send(luis.pk, channels="in_app, email")["channels_sent"] == ["in_app"]
    assert Notification.objects.get().silent


def test_the_same_dedupe_key_twice_is_one_notification(luis: Any) -> None:
    first, second = send(luis.pk, dedupe_key="noon"), send(luis.pk, dedupe_key="noon")
    assert (first["created"], second["created"]) == (True, False)
    assert first["notification_id"] == second["notification_id"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"user": "nobody"}, "There is no user with the key or the name 'nobody'."),
        ({"user": "999999"}, "There is no user with the key or the name '999999'."),
        ({"user": "9" * 40}, "There is no user with the key or the name '9999"),
        ({"user": "a\0b"}, "There is no user with the key or the name"),
        ({"kind": "stock_alrt"}, "Did you mean 'stock_alert'?"),
        ({"kind": "zzz"}, "Known: inventory_low, "),
        ({"subject": " "}, "subject is empty"),
        ({"subject": "x" * 256}, "subject has 256 characters, and 255 is the most."),
        ({"message": "x" * 100_001}, "100,000 is the most"),
        ({"priority": "urgent"}, "Priority 'urgent' is not one of low, medium, high, critical."),
        ({"url": "javascript:alert(1)"}, "A link must begin with '/'"),
        ({"data": "{order: 17}"}, "--data is not JSON"),
        ({"data": "[17]"}, "data must be a dict; got list."),
        ({"channels": "pigeon"}, "channels must be a list of in_app, websocket"),
        ({"dedupe_key": "x" * 201}, "dedupe_key has 201 characters"),
    ],
)
def test_bad_input_is_one_sentence_and_sends_nothing(luis: Any, wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        send(**{"user": luis.pk, **wrong})

    assert sentence in str(error.value)
    assert not Notification.objects.exists()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DATABASE_URL": database_url()}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def test_from_a_shell_its_output_is_the_json_and_nothing_else(luis: Any) -> None:
    ended = run("send_notification", "luis", "system_alert", "--subject", "Grüße", "--data", '{"a": [1]}')

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["notification_id"] == Notification.objects.get().pk
    notification = Notification.objects.get()
    assert (notification.subject, notification.data, notification.seq) == ("Grüße", {"a": [1]}, 1)


def test_from_a_shell_a_mistake_is_exit_code_1_without_a_traceback(luis: Any) -> None:
    ended = run("send_notification", "luis", "stock_alrt", "--subject", "Hello")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert "Did you mean 'stock_alert'?" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_from_a_shell_a_missing_subject_is_named(luis: Any) -> None:
    ended = run("send_notification", "luis", "system_alert")

    assert ended.returncode != 0
    assert "--subject" in ended.stderr
    assert "Traceback" not in ended.stderr
