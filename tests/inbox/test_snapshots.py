"""Who did it and what it is about: generic, and copied when sent so that a list never loads them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test.utils import isolate_apps
from django.urls import NoReverseMatch

from notifications import send_notification, send_notifications
from notifications.models import Notification


@pytest.fixture
def milk(transactional_db: None) -> Group:
    return Group.objects.create(name="Milk")


def sent(user: Any, **content: Any) -> Notification:
    result = send_notification(user, "stock_alert", "x", **content)
    return Notification.objects.get(pk=result["notification_id"])


@pytest.fixture
def address(monkeypatch: Any) -> Any:
    """Give groups a page of their own at the address chosen."""

    def choose(value: Any) -> None:
        monkeypatch.setattr(Group, "get_absolute_url", lambda self: value, raising=False)

    return choose


def test_text_and_address_are_copied(ana: Any, address: Any) -> None:
    address("/groups/7/")
    row = sent(ana, actor=ana, target=Group.objects.create(name="Shift A"))
    assert (row.actor_text, row.target_text, row.target_url) == ("ana", "Shift A", "/groups/7/")


def test_both_can_be_followed_while_they_exist(ana: Any, milk: Group) -> None:
    row = sent(ana, actor=ana, target=milk)
    assert (row.actor, row.target) == (ana, milk)


def test_both_stay_readable_when_they_are_gone(ana: Any, ben: Any, milk: Group) -> None:
    row = sent(ana, actor=ben, target=milk)
    milk.delete()
    ben.delete()
    row = Notification.objects.get(pk=row.pk)
    assert (row.actor_text, row.actor, row.target_text, row.target) == ("ben", None, str(milk), None)


@pytest.mark.django_db(transaction=True)  # its end makes the types of content anew
def test_a_type_of_content_that_is_removed_takes_no_notification_with_it(ana: Any, milk: Group) -> None:
    row = sent(ana, target=milk)
    ContentType.objects.get_for_model(Group).delete()
    ContentType.objects.clear_cache()
    row = Notification.objects.get(pk=row.pk)
    assert (row.target_type, row.target_text) == (None, str(milk))


def test_none_of_them_is_none(ana: Any) -> None:
    row = sent(ana)
    assert (row.actor, row.actor_text, row.actor_url, row.target, row.target_text) == (None, "", "", None, "")


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "http://example.com/", "//x", "x", None, "", "/" + "x" * 2_000, "/\ud83e"]
)
def test_an_address_that_no_link_may_have_is_left_out(ana: Any, address: Any, bad: Any) -> None:
    address(bad)
    row = sent(ana, target=Group.objects.create(name="Shift A"))
    assert (row.target_text, row.target_url) == ("Shift A", "")


@pytest.mark.parametrize(
    ("name", "kept"), [("a\0b", "ab"), ("a\ud83eb", "a?b"), ("x" * 300, "x" * 255)], ids=["NUL", "surrogate", "long"]
)
def test_a_name_that_no_column_holds_is_mended(ana: Any, monkeypatch: Any, name: str, kept: str) -> None:
    monkeypatch.setattr(Group, "__str__", lambda self: name)
    assert sent(ana, target=Group.objects.create(name="x")).target_text == kept


def test_an_address_that_fails_is_the_callers_error(ana: Any, monkeypatch: Any) -> None:
    def fails(self: Any) -> str:
        raise NoReverseMatch("no such page")

    monkeypatch.setattr(Group, "get_absolute_url", fails, raising=False)
    with pytest.raises(NoReverseMatch):
        sent(ana, target=Group.objects.create(name="x"))
    assert not Notification.objects.exists()


def test_a_proxy_is_followed_to_what_it_stands_for(ana: Any) -> None:
    with isolate_apps("django.contrib.auth"):

        class Colleague(User):
            class Meta:
                proxy = True
                app_label = "auth"

    row = sent(ana, actor=Colleague.objects.get(pk=ana.pk))
    assert Notification.objects.get(pk=row.pk).actor == ana


def test_a_send_to_many_copies_them_once_for_all(ana: Any, ben: Any, milk: Group) -> None:
    send_notifications([ana, ben], "stock_alert", "x", actor=ana, target=milk)
    rows = Notification.objects.order_by("pk")
    assert [(row.actor_text, row.actor, row.target) for row in rows] == [("ana", ana, milk)] * 2


def test_what_a_frame_shows_needs_no_query(ana: Any, milk: Group, heard: Any, django_assert_num_queries: Any) -> None:
    sent(ana, actor=ana, target=milk)
    with django_assert_num_queries(0):
        row = heard.steps(ana)[0].rows[0]
        assert (row["actor_text"], row["target_text"]) == ("ana", str(milk))
