"""What the sweeper asks every second must be answered by an index, on every database."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.models import Q

from notifications.models import BatchChunk, Notification
from notifications.models.indexes import PartialIndex


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Notification, BatchChunk])
def test_partial_where_the_database_can(model: type[models.Model]) -> None:
    index = next(index for index in model._meta.indexes if isinstance(index, PartialIndex))
    partial = " WHERE " in str(index.create_sql(model, connection.schema_editor()))
    assert partial is connection.features.supports_partial_indexes


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "condition", "columns"),
    [
        ("recipient", Q(pending=True), ["pending", "recipient_id"]),
        ("expires_at", Q(expires_at__isnull=False), ["expires_at"]),
        ("created_at", Q(deleted_at__isnull=True), ["deleted_at", "created_at"]),
    ],
)
def test_plain_where_it_cannot_with_the_condition_in_front(
    monkeypatch: Any, field: str, condition: Q, columns: list[str]
) -> None:
    index = PartialIndex(fields=[field], condition=condition, name="some_index")
    monkeypatch.setattr(connection.features, "supports_partial_indexes", False)
    sql = str(index.create_sql(Notification, connection.schema_editor()))
    quoted = ", ".join(map(connection.ops.quote_name, columns))
    assert "some_index" in sql
    assert sql.endswith(f"({quoted})")


@pytest.mark.django_db
def test_nobody_is_told_that_the_conditions_are_ignored(monkeypatch: Any) -> None:
    monkeypatch.setattr(connection.features, "supports_partial_indexes", False)
    assert [*Notification.check(databases=["default"]), *BatchChunk.check(databases=["default"])] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: Notification.objects.filter(pending=True).values("recipient_id"), "ntf_notification_pending"),
        (lambda: Notification.objects.filter(recipient_id=1, rev__gt=5), "ntf_notification_rev"),
        (
            lambda: Notification.objects.visible().filter(recipient_id=1, archived_at=None).order_by("-seq"),
            "ntf_notification_list",
        ),
        (lambda: Notification.objects.filter(expires_at__lte="2030-01-01T00:00Z"), "ntf_notification_expires"),
        (lambda: Notification.objects.filter(deleted_at__lt="2030-01-01T00:00Z"), "ntf_notification_deleted"),
        (lambda: BatchChunk.objects.filter(expanded_at=None, due_at=None).order_by("pk"), "ntf_batch_chunk_waiting"),
        (
            lambda: BatchChunk.objects.filter(expanded_at=None, due_at__lte="2030-01-01T00:00Z"),
            "ntf_batch_chunk_due",
        ),
    ],
)
def test_the_standing_questions_use_their_index(rows: Any, index: str) -> None:
    if connection.vendor == "postgresql":
        connection.cursor().execute("SET LOCAL enable_seqscan = off")  # of an empty table it would read all
    assert index in rows().order_by().explain() or index in rows().explain()


def test_every_table_has_the_prefix() -> None:
    """Another distribution of the same import name must not share a table."""
    tables = {model._meta.db_table for model in apps.get_app_config("notifications").get_models()}
    assert {"ntf_notification", "ntf_inbox", "ntf_batch", "ntf_batch_chunk", "ntf_api_key"} <= tables
    assert all(table.startswith("ntf_") for table in tables)
