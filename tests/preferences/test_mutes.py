"""A type, or a thing, that a person does not want to be told of for a while."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connections

from notifications import send_notification
from notifications.exceptions import InvalidContent, UnknownRecipient, UnknownType
from notifications.models import Mute, Notification, Preference
from notifications.preferences import mutes
from notifications.preferences.mutes import Target, mute, mutes_of, target_of, unmute
from notifications.preferences.parsing import InvalidPreferences
from notifications.preferences.services import preferences_of, update_preferences
from notifications.types import get_type

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _standing_clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ana() -> Any:
    return get_user_model().objects.create_user("ana")


@pytest.fixture
def ben() -> Any:
    return get_user_model().objects.create_user("ben")


def shown(user: Any) -> list[dict[str, Any]]:
    return preferences_of(user)["mutes"]


def test_a_type_is_muted_until_then_or_until_it_is_undone(ana: Any, ben: Any) -> None:
    row = mute(ana, type="stock_alert", until=SOON)
    assert (row.user, row.type, row.target_type, row.until) == (ana, "stock_alert", None, SOON)
    mute(ana, type=get_type("price_change"))
    assert shown(ana) == [{"type": "stock_alert", "until": SOON}, {"type": "price_change", "until": None}]
    assert shown(ben) == []
    assert unmute(ana, type="stock_alert") is True
    assert unmute(ana, type="stock_alert") is False
    assert shown(ana) == [{"type": "price_change", "until": None}]


def test_muting_again_changes_the_time(ana: Any, ben: Any) -> None:
    for until in (None, SOON, NOW + timedelta(minutes=1)):
        mute(ana.pk, type="stock_alert", until=until)
        mute(str(ana.pk), target=ben, until=until)
        assert {each["until"] for each in shown(ana)} == {until}
    assert Mute.objects.count() == 2


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [(None, SOON, None), (SOON, None, None), (SOON, NOW + timedelta(minutes=1), SOON), (NOW, SOON, SOON)],
)
def test_muting_again_may_keep_the_later_time(ana: Any, first: Any, second: Any, kept: Any) -> None:
    mute(ana, type="stock_alert", until=first)
    assert mute(ana, type="stock_alert", until=second, may_shorten=False).until == kept
    assert shown(ana) == [{"type": "stock_alert", "until": kept}]


def test_a_thing_is_named_by_itself_or_by_what_a_notification_says_of_it(ana: Any, ben: Any) -> None:
    send_notification(ana, "stock_alert", "x", target=ben)
    about = target_of(Notification.objects.get())
    assert about == Target(ContentType.objects.get_for_model(ben).pk, str(ben.pk))
    mute(ana, target=about)
    mute(ana, target=ben)
    assert shown(ana) == [{"target": "auth.user", "target_id": str(ben.pk), "text": "ben", "until": None}]
    assert unmute(ana, target=ben) is True
    assert shown(ana) == []


def test_what_is_about_nothing_has_no_target(ana: Any) -> None:
    send_notification(ana, "stock_alert", "x")
    assert target_of(Notification.objects.get()) is None


def test_a_mute_that_is_over_is_none(ana: Any) -> None:
    mute(ana, type="stock_alert", until=SOON)
    with time_machine.travel(SOON, tick=False):
        assert shown(ana) == []


def test_muting_changes_the_preferences(ana: Any) -> None:
    mute(ana, type="stock_alert")
    with time_machine.travel(SOON, tick=False):
        mute(ana, type="price_change")
    assert Preference.objects.get().updated_at == SOON


def test_they_go_with_the_person(ana: Any, ben: Any) -> None:
    mute(ana, type="stock_alert")
    mute(ben, target=ana)
    ana.delete()
    assert [row.user for row in Mute.objects.all()] == [ben]


@pytest.mark.parametrize("how", [mute, unmute])
def test_one_of_the_two_is_named(ana: Any, ben: Any, how: Any) -> None:
    for given in ({}, {"type": "stock_alert", "target": ben}, {"target": get_user_model()(username="unsaved")}):
        with pytest.raises(InvalidContent):
            how(ana, **given)


def test_types_and_people_must_be_known(ana: Any) -> None:
    with pytest.raises(UnknownType, match="Did you mean 'stock_alert'"):
        mute(ana, type="stock_alerts")
    for nobody in (ana.pk + 1_000, "x"):
        with pytest.raises(UnknownRecipient):
            mute(nobody, type="stock_alert")
    assert not Mute.objects.exists()


def test_there_is_an_end_to_how_much_one_mutes(ana: Any, ben: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutes, "MAX_MUTES", 2)
    mute(ana, type="stock_alert")
    mute(ana, target=ben)
    with pytest.raises(InvalidContent, match="2"):
        mute(ana, type="price_change")
    mute(ana, type="stock_alert", until=SOON)
    mute(ben, type="price_change")
    with time_machine.travel(SOON, tick=False):  # what is over counts no more
        mute(ana, type="price_change")
        assert len(shown(ana)) == 2


def test_a_time_that_has_passed_mutes_nothing(ana: Any) -> None:
    assert update_preferences(ana, {"mutes": [{"type": "stock_alert", "until": NOW.isoformat()}]})["mutes"] == []
    assert not Mute.objects.exists()


# -- The whole list -------------------------------------------------------------------------------------------


def test_the_list_replaces_what_was_muted(ana: Any, ben: Any) -> None:
    mute(ana, type="stock_alert", until=SOON)
    mute(ana, target=ben)
    kept = Mute.objects.get(type="").pk
    thing = {"target": "auth.user", "target_id": str(ben.pk)}
    answer = update_preferences(ana, {"mutes": [{**thing, "until": "2026-05-06T00:00:00Z"}, {"type": "price_change"}]})
    assert answer["mutes"] == [
        {**thing, "text": "ben", "until": datetime(2026, 5, 6, tzinfo=UTC)},
        {"type": "price_change", "until": None},
    ]
    assert Mute.objects.get(type="").pk == kept
    assert update_preferences(ana, {"sound": True})["mutes"] == answer["mutes"]
    assert update_preferences(ana, {"mutes": []})["mutes"] == []
    assert not Mute.objects.exists()


def test_an_answer_may_be_sent_back(ana: Any, ben: Any) -> None:
    mute(ana, type="stock_alert", until=SOON)
    mute(ana, target=ben)
    before = shown(ana)
    assert update_preferences(ana, {"mutes": before})["mutes"] == before


def test_of_two_that_are_the_same_the_later_one_counts(ana: Any) -> None:
    same = {"type": "stock_alert"}
    update_preferences(ana, {"mutes": [same, {**same, "until": "2026-05-06T00:00:00Z"}]})
    assert [each["until"] for each in shown(ana)] == [datetime(2026, 5, 6, tzinfo=UTC)]


def test_everybody_has_their_own(ana: Any, ben: Any) -> None:
    mute(ben, type="stock_alert")
    update_preferences(ana, {"mutes": [{"type": "price_change"}]})
    update_preferences(ana, {"mutes": []})
    assert shown(ben) == [{"type": "stock_alert", "until": None}]


def test_a_type_that_is_not_registered_any_more_is_kept_and_not_shown(ana: Any) -> None:
    Mute.objects.create(user=ana, type="gone")
    assert shown(ana) == []
    update_preferences(ana, {"mutes": []})
    assert Mute.objects.get().type == "gone"
    assert unmute(ana, type="gone") is True


def test_keys_that_a_database_might_take_for_the_same_are_two(ana: Any) -> None:
    things = [{"target": "auth.user", "target_id": key} for key in ("a", "A", "á")]
    answer = update_preferences(ana, {"mutes": things})
    assert [each["target_id"] for each in answer["mutes"]] == ["a", "A", "á"]
    update_preferences(ana, {"mutes": things[:1]})
    assert [each["target_id"] for each in shown(ana)] == ["a"]


def test_nobody_learns_the_name_of_what_they_were_never_told_of(ana: Any, ben: Any) -> None:
    thing = {"target": "auth.user", "target_id": str(ben.pk)}
    assert update_preferences(ana, {"mutes": [thing]})["mutes"][0]["text"] == ""
    update_preferences(ana, {"mutes": []})
    send_notification(ben, "stock_alert", "x", target=ben)
    assert update_preferences(ana, {"mutes": [thing]})["mutes"][0]["text"] == ""
    update_preferences(ana, {"mutes": []})
    send_notification(ana, "stock_alert", "x", target=ben)
    assert update_preferences(ana, {"mutes": [thing]})["mutes"][0]["text"] == "ben"


def test_a_model_may_be_written_as_python_does(ana: Any, ben: Any) -> None:
    answer = update_preferences(ana, {"mutes": [{"target": "auth.User", "target_id": str(ben.pk)}]})
    assert answer["mutes"][0]["target"] == "auth.user"


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        {"type": "stock_alert"},
        ["stock_alert"],
        [{}],
        [{"until": None}],
        [{"type": "no_such_type"}],
        [{"type": None}],
        [{"type": ["stock_alert"]}],
        [{"type": "stock_alert", "target_id": "1"}],
        [{"type": "stock_alert", "text": "x"}],
        [{"type": "stock_alert", "until": "tomorrow"}],
        [{"type": "stock_alert", "unti": None}],
        [{"type": "stock_alert", "target": "auth.user", "target_id": "1"}],
        [{"target": "auth.user"}],
        [{"target_id": "1"}],
        [{"target": "auth.user", "target_id": ""}],
        [{"target": "auth.user", "target_id": 1}],
        [{"target": "auth.user", "target_id": "x" * 256}],
        [{"target": "auth.user", "target_id": "\0"}],
        [{"target": "auth.user", "target_id": "\ud800"}],
        [{"target": "auth.nothing", "target_id": "1"}],
        [{"target": "auth", "target_id": "1"}],
        [{"target": "auth.user.x", "target_id": "1"}],
        [{"target": "auth.us\0er", "target_id": "1"}],
        [{"target": None, "target_id": "1"}],
        [{"type": "stock_alert"}] * 201,
    ],
)
def test_what_cannot_be_muted_is_said_and_nothing_changes(ana: Any, wrong: Any) -> None:
    mute(ana, type="price_change")
    with pytest.raises(InvalidPreferences) as caught:
        update_preferences(ana, {"mutes": wrong, "sound": True})
    assert set(caught.value.errors) == {"mutes"}
    assert shown(ana) == [{"type": "price_change", "until": None}]
    assert preferences_of(ana)["sound"] is False


def test_a_long_list_takes_as_many_queries_as_a_short_one(ana: Any, django_assert_num_queries: Any) -> None:
    for size in (2, 100):
        things = [{"target": "auth.user", "target_id": f"{size}-{n}"} for n in range(size)]
        update_preferences(ana, {"mutes": things})
        with django_assert_num_queries(1):
            assert len(mutes_of(ana.pk, using="default")) == size


@pytest.mark.django_db(transaction=True)
def test_several_tabs_may_mute_the_same_at_once() -> None:
    ana = get_user_model().objects.create_user("ana")
    Preference.objects.create(user=ana)  # otherwise they would wait for each other to make it
    start, failures = threading.Barrier(4), []

    def click() -> None:
        connections["default"].ensure_connection()
        start.wait()
        try:
            mute(ana, type="stock_alert")
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    tabs = [threading.Thread(target=click) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert failures == []
    assert Mute.objects.count() == 1
