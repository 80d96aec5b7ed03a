"""Who came in may stay as long as what let them in still stands."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from notifications.auth.identity import Identity
from notifications.auth.keys import authenticate_key, issue, revoke
from notifications.auth.rights import ended
from notifications.auth.sessions import authenticate_session, authenticate_user
from notifications.models import ApiKey


def is_ended(identity: Identity) -> bool:
    return ended([identity], using="default") == {identity}


def test_nobody_asked_about():
    assert ended([], using="default") == set()


def test_a_key_until_it_is_revoked(user):
    row, key = issue(user, "laptop")
    identity = authenticate_key(key, None)
    assert not is_ended(identity)
    revoke(row)
    assert is_ended(identity)


def test_a_key_until_it_is_deleted(user):
    row, key = issue(user, "laptop")
    identity = authenticate_key(key, None)
    row.delete()
    assert is_ended(identity)


def test_the_service_key_until_it_is_changed(settings, service_key, user):
    identity = authenticate_key(service_key, str(user.pk))
    assert not is_ended(identity)
    settings.NOTIFICATIONS = {"SERVICE_KEY": "another"}
    assert is_ended(identity)


def test_a_session_until_it_is_signed_out(engine, user):
    client = Client()
    client.force_login(user)
    identity = authenticate_session(client.cookies["sessionid"].value, None)
    assert not is_ended(identity)
    client.logout()
    # A session that is nothing but a signed cookie cannot be taken back; it ends with its age or the password.
    assert is_ended(identity) == (engine != "signed_cookies")


def test_a_session_until_the_password_changes(engine, user, sign_in):
    identity = authenticate_session(sign_in(user), None)
    user.set_password("second")
    user.save()
    assert is_ended(identity)


def test_a_session_until_it_expires(user, sign_in):
    identity = authenticate_session(sign_in(user), None)
    Session.objects.update(expire_date=timezone.now())
    assert is_ended(identity)


def test_a_session_survives_a_rotated_secret_key(settings, user, sign_in):
    identity = authenticate_session(sign_in(user), None)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert is_ended(identity)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert not is_ended(identity)


def test_a_hosts_session_until_it_is_deleted(user, sign_in):
    identity = authenticate_user(user, None, session_key=sign_in(user))
    assert not is_ended(identity)
    Session.objects.all().delete()
    assert is_ended(identity)


@pytest.fixture
def everybody(service_key, user, sign_in) -> set[Identity]:
    """One identity of each kind, all of one user."""
    return {
        authenticate_key(service_key, str(user.pk)),
        authenticate_key(issue(user, "laptop")[1], None),
        authenticate_session(sign_in(user), None),
        authenticate_user(user, None),
    }


def test_everybody_may_stay(everybody):
    assert ended(everybody, using="default") == set()


def test_an_inactive_user_may_not_stay(everybody, user):
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert ended(everybody, using="default") == everybody


def test_a_deleted_user_may_not_stay(everybody, user):
    user.delete()
    assert ended(everybody, using="default") == everybody


def test_only_those_concerned_have_to_go(everybody, other, sign_in):
    others = authenticate_session(sign_in(other), None)
    ApiKey.objects.all().delete()
    assert {identity.via for identity in ended({*everybody, others}, using="default")} == {"key"}


@pytest.mark.parametrize(("number", "queries"), [(4, 3), (1_000, 3), (2_400, 9)])
def test_three_queries_per_thousand(everybody, user, django_assert_num_queries, number, queries):
    many = [*everybody] * (number // 4)
    with django_assert_num_queries(queries):
        assert ended(many, using="default") == set()
