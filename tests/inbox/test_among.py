"""The condition that finds the rows of some of many people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.inbox.among import among
from notifications.models import Preference

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[Any]:
    return [get_user_model().objects.create_user(name) for name in ("ana", "ben", "cleo")]


def test_some_of_them_by_any_column_that_holds_their_keys(people: list[Any]) -> None:
    users, preferences = get_user_model().objects.order_by("pk"), Preference.objects.order_by("pk")
    Preference.objects.bulk_create(Preference(user=each) for each in people)
    keys = {people[0].pk, people[2].pk, people[2].pk + 1_000}
    assert list(users.filter(among("pk", keys, using="default"))) == [people[0], people[2]]
    assert [row.user for row in preferences.filter(among("user_id", keys, using="default"))] == [people[0], people[2]]
    assert not users.filter(among("pk", [], using="default")).exists()
    assert users.filter(among("pk", keys, using="default"), username="cleo").get() == people[2]


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="elsewhere there are no arrays")
def test_however_many_they_are_it_is_one_parameter(people: list[Any]) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert get_user_model().objects.filter(among("pk", range(1, 5_001), using="default")).count() == 3
    assert "ANY(" in queries[0]["sql"]
