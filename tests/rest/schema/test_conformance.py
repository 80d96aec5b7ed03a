"""The running API against its own description: whatever is sent, no crash, no 5xx, and no answer it does not name.

schemathesis makes the requests: each parameter and field at and beyond its limits, random ones that fit the schema
and that do not, methods there are not, wrong credentials, and sequences that follow the schema's links. The same
ones each time; with ``LONG=1`` many more, and new ones, of which it prints the seed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from django.contrib.auth.models import Permission
from django.test import Client
from schemathesis.cli import schemathesis

from notifications.auth import keys
from notifications.inbox.services import archive, mark_read
from tests.conftest import MakeSite
from tests.push_service import CHANNEL
from tests.rest.conftest import SERVICE_KEY, send
from tests.servers import Site

from .tree import nodes

LONG = os.environ.get("LONG") == "1"
SCHEMA = "/api/notifications/schema"
BODIES = {
    *("Send", "UpTo", "UpToOrAll", "Action", "PreferenceChanges", "ChannelChoices", "MuteChange"),
    "NewPushSubscription",
}
DELETE_ALL = "deleteAllNotifications"  # asked last: after it nothing is left to ask for

# What databases and parsers have stumbled over.
NUMBERS = [-1, 0, 1, 2**31, 2**63 - 1, 2**63, 2**64, 10**30]
TEXTS = ["\0", "a\0", " ", "\u2028", "\U0001f4a9", "NaN", "null", "true", "1e999", "%00", "'", "x" * 300, "9" * 5_000]

CONFIG = """
[generation]
max-examples = {examples}
deterministic = {deterministic}
database = "none"
with-security-parameters = {other_credentials}

[cache]
enabled = false

[warnings]
enabled = false

[output.sanitization]
enabled = false

[[operations]]
include-operation-id = "listNotifications"
generation.max-examples = {more_examples}

[dictionaries]
ids.values = {ids}
numbers.values = {numbers}
texts.values = {texts}

[parameters]
"path.notification_id" = {{ dictionary = "ids", probability = 0.7 }}
"query.page" = {{ dictionary = "numbers", probability = 0.5 }}
"query.before" = {{ dictionary = "numbers", probability = 0.3 }}
"query.since" = {{ dictionary = "numbers", probability = 0.5 }}
"body.up_to_seq" = {{ dictionary = "numbers", probability = 0.5 }}
"query.type" = {{ dictionary = "texts", probability = 0.3 }}
"query.epoch" = {{ dictionary = "texts", probability = 0.3 }}
"body.subject" = {{ dictionary = "texts", probability = 0.3 }}
"body.message" = {{ dictionary = "texts", probability = 0.3 }}
"body.dedupe_key" = {{ dictionary = "texts", probability = 0.3 }}
"""


class Asker:
    """Asks one running site everything, as one of its callers."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder
        self.schema = httpx.get(site.http + SCHEMA, headers={"X-API-Key": SERVICE_KEY}).json()

    def ask(
        self, headers: dict[str, str], phases: str, *, users: list[int], ids: list[int], **options: Any
    ) -> set[tuple[str, str]]:
        """Return the views and methods that had a good answer.

        Raises:
            AssertionError: with schemathesis' report.
        """
        before = len(self._answers())
        by_service_key = len(users) > 1
        (self.folder / "schema.json").write_text(json.dumps(self._narrowed(users, named=by_service_key)))
        (self.folder / "config.toml").write_text(config(ids=ids, **options))
        credentials = [f"-H{name}: {value}" for name, value in headers.items()]
        self._run(f"--phases={phases}", f"--exclude-operation-id={DELETE_ALL}", *credentials)
        self._run("--phases=coverage,fuzzing", f"--include-operation-id={DELETE_ALL}", *credentials)
        answers = self._answers()[before:]
        assert max(status for _, _, status in answers) < 500
        return {(view, method) for view, method, status in answers if status < 400}

    def _run(self, *options: str) -> None:
        files = [f"--config-file={self.folder}/config.toml", "run", f"{self.folder}/schema.json"]
        done = CliRunner().invoke(schemathesis, [*files, f"--url={self.site.http}", "--no-color", *options])
        if done.exit_code != 0:
            pytest.fail(done.output, pytrace=False)
        print(done.output)

    def _narrowed(self, users: list[int], *, named: bool) -> dict[str, Any]:
        """What no schema can tell: which users there are, and that the service key must name one.

        And what a schema for clients should not: that there is no field beyond those described.
        """
        schema = json.loads(json.dumps(self.schema))
        described = schema["components"]["schemas"]
        described["Model"] = {"enum": ["auth.user", "auth.group"]}
        described["TimeZone"] = {"enum": ["", "UTC", "Europe/Madrid"]}
        described["UserKey"] = {"enum": [*users, *map(str, users)]}
        for node in nodes([answered for name, answered in described.items() if name not in BODIES]):
            if "properties" in node:
                node["additionalProperties"] = False
        for item in schema["paths"].values():
            for parameter in item["parameters"]:
                if parameter["name"] == "user_id":
                    parameter |= {"schema": {"enum": users}, "required": named, "allowEmptyValue": not named}
        return schema

    def _answers(self) -> list[tuple[str, str, int]]:
        """View, method and status of each request so far, by the server's own log."""
        lines = [line for line in self.site.read_log().splitlines() if '"request handled"' in line]
        return [(entry["view"], entry["method"], entry["status"]) for entry in map(json.loads, lines)]


def config(*, ids: list[int], examples: int, other_credentials: bool = False) -> str:
    values = {
        "ids": ids,
        "numbers": NUMBERS,
        "texts": TEXTS,
        "examples": examples * (20 if LONG else 1),
        "more_examples": 4 * examples * (20 if LONG else 1),
        "other_credentials": other_credentials,
        "deterministic": not LONG,
    }
    return CONFIG.format(**{name: json.dumps(value, ensure_ascii=False) for name, value in values.items()})


def some_notifications(user: Any) -> list[int]:
    ids = send(user, 30, data={"left": [1, None]}, url="/stock/7")
    mark_read(user, ids[:10])
    archive(user, ids[5:15])
    return ids


@pytest.fixture
def asker(make_site: MakeSite, tmp_path: Path) -> Asker:
    settings = {"SERVICE_KEY": SERVICE_KEY, "CHANNELS": {"push": CHANNEL}}
    return Asker(make_site(TEST_NOTIFICATIONS=json.dumps(settings)), tmp_path)


@pytest.mark.timeout(7200 if LONG else 300)
def test_every_answer_is_one_that_the_schema_names(asker: Asker, ana: Any, ben: Any) -> None:
    documented = sum(len(item) - 1 for item in asker.schema["paths"].values())  # all but "parameters" are methods
    everything = "coverage,fuzzing,stateful"
    some = everything if LONG else "fuzzing,stateful"
    ana.is_staff = True
    ana.save()
    ana.user_permissions.add(Permission.objects.get(codename="add_notification"))

    by_service_key = {"X-API-Key": SERVICE_KEY}
    good = asker.ask(by_service_key, everything, users=[ana.pk, ben.pk], ids=some_notifications(ana), examples=10)
    assert len(good) == documented  # nothing was only ever refused

    by_key = {"Authorization": f"Api-Key {keys.issue(ana, 'test')[1]}"}
    good = asker.ask(by_key, some, users=[ana.pk], ids=some_notifications(ana), examples=8)
    assert len(good) == documented - 1  # a user's key, even an operator's, is not enough for the metrics

    browser, token = Client(), "a" * 32
    browser.force_login(ana)
    cookies = f"sessionid={browser.cookies['sessionid'].value}; csrftoken={token}"
    by_session = {"Cookie": cookies, "X-CSRFToken": token}
    good = asker.ask(by_session, some, users=[ana.pk], ids=some_notifications(ana), examples=8)
    assert len(good) == documented

    ids = some_notifications(ana)
    assert asker.ask({}, "fuzzing", users=[ana.pk], ids=ids, examples=5, other_credentials=True) == set()
