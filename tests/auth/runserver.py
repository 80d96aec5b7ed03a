"""Settings: ``manage.py runserver`` with the application of asgi.py."""

from tests.settings import *  # noqa: F403

ASGI_APPLICATION = "tests.auth.asgi.application"
