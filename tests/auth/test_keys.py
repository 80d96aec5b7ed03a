"""The service key acts for whoever it names; an issued key acts for its own user, until it is revoked."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest

from notifications.auth.identity import Identity
from notifications.auth.keys import Known, authenticate_key, issue, revoke
from notifications.models import ApiKey
from tests.auth.refusals import refused

STRANGE = ["", " ", "ключ", "\x00", "\udcff", "ntf_", "x" * 100_000, "ntf_" + "\x00" * 52, "' OR 1=1 --"]


def test_the_service_key_acts_for_the_user_it_names(service_key, user):
    identity = authenticate_key(service_key, str(user.pk))
    assert (identity.user_id, identity.via, identity.api_key_id) == (user.pk, "service", None)


@pytest.mark.parametrize("user_id", [None, ""])
def test_the_service_key_needs_a_user_id(service_key, user, user_id):
    with refused("user_id missing"):
        authenticate_key(service_key, user_id)


@pytest.mark.parametrize("user_id", ["abc", "1.5", "-", "1\x00", "9" * 40, "True", "１２x"])
def test_the_service_key_with_a_malformed_user_id(service_key, user, user_id):
    with refused("user_id malformed"):
        authenticate_key(service_key, user_id)


def test_the_service_key_for_an_unknown_user(service_key, user):
    with refused("unknown user"):
        authenticate_key(service_key, str(user.pk + 1))


def test_the_service_key_for_an_inactive_user(service_key, user):
    user.is_active = False
    user.save()
    with refused("user inactive"):
        authenticate_key(service_key, str(user.pk))


@pytest.mark.parametrize("key", [*STRANGE, "the-service-ke", "the-service-key "])
def test_any_other_text_is_a_wrong_key(service_key, user, key):
    with refused("wrong key"):
        authenticate_key(key, str(user.pk))


def test_the_environment_holds_the_service_key(monkeypatch, user):
    monkeypatch.setenv("DASHBOARD_API_KEY", "from-the-environment")
    assert authenticate_key("from-the-environment", str(user.pk)).via == "service"
    with refused("wrong key"):
        authenticate_key("dev", str(user.pk))


def test_the_setting_comes_before_the_environment(monkeypatch, service_key, user):
    monkeypatch.setenv("DASHBOARD_API_KEY", "from-the-environment")
    assert authenticate_key(service_key, str(user.pk)).via == "service"
    with refused("wrong key"):
        authenticate_key("from-the-environment", str(user.pk))


@pytest.mark.parametrize("name", ["NOTIFICATIONS", "DASHBOARD_API_KEY"])
def test_an_empty_service_key_lets_nobody_in(monkeypatch, settings, user, name):
    settings.DEBUG = True
    if name == "NOTIFICATIONS":
        settings.NOTIFICATIONS = {"SERVICE_KEY": ""}
    else:
        monkeypatch.setenv("DASHBOARD_API_KEY", "")
    for key in ("", "dev"):
        with refused("wrong key"):
            authenticate_key(key, str(user.pk))


@pytest.mark.parametrize("origin", ["default", "environment", "setting"])
def test_dev_is_a_service_key_only_with_debug(monkeypatch, settings, user, origin):
    monkeypatch.delenv("DASHBOARD_API_KEY", raising=False)
    if origin == "environment":
        monkeypatch.setenv("DASHBOARD_API_KEY", "dev")
    elif origin == "setting":
        settings.NOTIFICATIONS = {"SERVICE_KEY": "dev"}
    settings.DEBUG = True
    assert authenticate_key("dev", str(user.pk)).via == "service"
    settings.DEBUG = False
    with refused("key 'dev' works only with DEBUG"):
        authenticate_key("dev", str(user.pk))


def test_an_issued_key_acts_for_its_user(user):
    row, key = issue(user, "laptop")
    assert authenticate_key(key, None) == Identity(user_id=user.pk, via="key", api_key_id=row.pk)
    assert authenticate_key(key, str(user.pk)).user_id == user.pk


def test_only_a_hash_of_an_issued_key_is_kept(user):
    row, key = issue(user, "laptop")
    stored = ApiKey.objects.values_list("name", "prefix", "hash").get(pk=row.pk)
    assert re.fullmatch(r"ntf_[\w-]{8}_[\w-]{43}", key)
    assert stored == ("laptop", key[4:12], sha256(key.encode()).hexdigest())


def test_an_issued_key_does_not_act_for_others(user, other):
    _, key = issue(user, "laptop")
    with refused("user_id is not the key's own"):
        authenticate_key(key, str(other.pk))
    with refused("user_id malformed"):
        authenticate_key(key, "")


@pytest.mark.parametrize("place", [4, 55], ids=["unknown prefix", "wrong secret"])
def test_a_key_with_one_character_changed(user, place):
    _, key = issue(user, "laptop")
    changed = key[:place] + ("B" if key[place] == "A" else "A") + key[place + 1 :]
    with refused("wrong key"):
        authenticate_key(changed, None)


def test_a_key_of_the_same_prefix_and_another_users_secret(user, other):
    _, key = issue(user, "laptop")
    _, others = issue(other, "laptop")
    with refused("wrong key"):
        authenticate_key(key[:13] + others[13:], None)


def test_a_revoked_key(user):
    row, key = issue(user, "laptop")
    revoke(row)
    with refused("key revoked"):
        authenticate_key(key, None)


def test_revoking_twice_keeps_the_first_time(user):
    row, _ = issue(user, "laptop")
    revoke(row)
    first = row.revoked_at
    revoke(row)
    assert ApiKey.objects.get(pk=row.pk).revoked_at == first


def test_a_key_of_an_inactive_user(user):
    _, key = issue(user, "laptop")
    user.is_active = False
    user.save()
    with refused("user inactive"):
        authenticate_key(key, None)


def test_a_repr_shows_no_secret(service_key, user):
    assert repr(authenticate_key(service_key, str(user.pk))) == (
        f"Identity(user_id={user.pk}, via='service', api_key_id=None)"
    )


def test_many_handshakes_are_judged_with_one_query_for_keys_and_one_for_users(
    service_key, user, other, django_assert_num_queries
):
    (row, key), (_, others) = issue(user, "one"), issue(other, "two")
    revoked, gone = issue(user, "three")
    revoke(revoked)
    shown = [(key, None), (others, None), (gone, None), (service_key, str(user.pk)), (service_key, "x"), ("junk", None)]
    with django_assert_num_queries(2):
        known = Known.of(shown)
        assert authenticate_key(key, None, known).api_key_id == row.pk
        assert authenticate_key(others, None, known).user_id == other.pk
        assert authenticate_key(service_key, str(user.pk), known).via == "service"
        for number, reason in ((2, "key revoked"), (4, "user_id malformed"), (5, "wrong key")):
            with refused(reason):
                authenticate_key(*shown[number], known)
