from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.test import Client

SERVICE_KEY = "the-service-key"
SignIn = Callable[[User], str]


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("ana", password="first")


@pytest.fixture
def other(db: None) -> User:
    return User.objects.create_user("bea", password="first")


@pytest.fixture
def service_key(settings) -> str:
    settings.NOTIFICATIONS = {"SERVICE_KEY": SERVICE_KEY}
    return SERVICE_KEY


@pytest.fixture
def sign_in() -> SignIn:
    """Sign a user in as a browser does; returns the session cookie's value."""

    def sign(user: User) -> str:
        client = Client()
        client.force_login(user)
        return client.cookies[site_settings.SESSION_COOKIE_NAME].value

    return sign


@pytest.fixture(params=["db", "cached_db", "cache", "file", "signed_cookies"])
def engine(request: pytest.FixtureRequest, settings, tmp_path) -> str:
    """The session engine: every one that Django has."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    return request.param
