"""The session cookie proves a person as it does to Django, without being written to."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from notifications.auth.sessions import authenticate_session, authenticate_user
from tests.auth.refusals import refused
from tests.servers import ROOT


def test_a_session_proves_its_user(engine, user, sign_in):
    cookie = sign_in(user)
    identity = authenticate_session(cookie, None)
    assert (identity.user_id, identity.via, identity.session_key) == (user.pk, "session", cookie)
    assert authenticate_session(cookie, str(user.pk)) == identity


@pytest.mark.filterwarnings("ignore::django.core.cache.backends.base.CacheKeyWarning")
@pytest.mark.parametrize("cookie", ["", "short", "a" * 32, "\x00" * 32, "é" * 32, "../../etc/passwd", "x" * 9_000])
def test_a_cookie_of_no_session(engine, user, cookie):
    with refused("session ended"):
        authenticate_session(cookie, None)
    assert Session.objects.count() == 0


def test_a_session_for_another_user_id(user, other, sign_in):
    with refused("user_id is not the session's own"):
        authenticate_session(sign_in(user), str(other.pk))
    with refused("user_id malformed"):
        authenticate_session(sign_in(user), "me")


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file"], indirect=True)
def test_a_session_after_signing_out(engine, user):
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    client.logout()
    with refused("session ended"):
        authenticate_session(cookie, None)


def test_a_session_of_an_older_password_is_refused_and_left_alone(engine, user, sign_in):
    cookie = sign_in(user)
    user.set_password("second")
    user.save()
    before = list(Session.objects.values_list())
    with refused("session ended"):
        authenticate_session(cookie, None)
    assert list(Session.objects.values_list()) == before


def test_a_session_signed_with_a_former_secret_key(settings, user, sign_in):
    cookie = sign_in(user)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    with refused("session ended"):
        authenticate_session(cookie, None)
    settings.SECRET_KEY_FALLBACKS = [former]
    assert authenticate_session(cookie, None).user_id == user.pk


def test_an_expired_session(user, sign_in):
    cookie = sign_in(user)
    Session.objects.update(expire_date=timezone.now())
    with refused("session ended"):
        authenticate_session(cookie, None)


def test_a_session_that_nobody_is_signed_in_to(user):
    client = Client()
    session = client.session
    session["basket"] = [1]
    session.save()
    with refused("nobody signed in"):
        authenticate_session(session.session_key, None)


def test_a_session_of_a_backend_that_the_site_no_longer_uses(settings, user, sign_in):
    cookie = sign_in(user)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    with refused("session ended"):
        authenticate_session(cookie, None)


def test_a_session_from_before_the_site_changed_its_user_model(user):
    client = Client()
    client.force_login(user)
    session = client.session
    session["_auth_user_id"] = "0c2d9c8e-5f5b-4c7b-9a53-3f0b8a3f1d11"
    session.save()
    with refused("session ended"):
        authenticate_session(session.session_key, None)


def test_a_session_of_an_inactive_user(settings, user, sign_in):
    cookie = sign_in(user)
    user.is_active = False
    user.save()
    with refused("user inactive or deleted"):
        authenticate_session(cookie, None)
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    with refused("user inactive"):
        authenticate_session(sign_in(user), None)


def test_a_session_of_a_deleted_user(user, sign_in):
    cookie = sign_in(user)
    user.delete()
    with refused("user inactive or deleted"):
        authenticate_session(cookie, None)


def test_a_user_that_the_hosts_middleware_authenticated(user):
    identity = authenticate_user(user, str(user.pk))
    assert (identity.user_id, identity.via, identity.session_key) == (user.pk, "host", None)


def test_users_of_the_hosts_middleware_that_are_refused(user, other):
    with refused("no credentials"):
        authenticate_user(AnonymousUser(), None)
    with refused("user_id is not the session's own"):
        authenticate_user(user, str(other.pk))
    user.is_active = False
    with refused("user inactive"):
        authenticate_user(user, None)


WITHOUT_SESSIONS = """
from django.conf import settings
settings.configure(
    SECRET_KEY="x",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "notifications"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
import django
django.setup()
from notifications.auth.handshake import authenticate
cookie = [(b"cookie", b"sessionid=" + b"a" * 32)]
scope = {"type": "websocket", "path": "/", "headers": cookie, "query_string": b"", "subprotocols": []}
print(authenticate(scope).reason)
"""


def test_a_site_without_the_sessions_app():
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    site = [sys.executable, "-c", WITHOUT_SESSIONS]
    answer = subprocess.run(site, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert answer.stdout == "the site has no sessions\n"
