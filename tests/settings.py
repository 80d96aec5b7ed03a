"""The site's own settings with what only tests need. ``DATABASE_URL`` and ``REDIS_URL``: see plugin.py."""

import json
import os
import sys
from pathlib import Path

import django

from project.settings import *  # noqa: F403
from project.settings import CHANNEL_LAYERS, DATABASES, INSTALLED_APPS

SECRET_KEY = "only-for-tests"
DEBUG = os.environ.get("TEST_SITE_DEBUG") == "1"  # pytest-django turns it off; a server process may want it
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
NOTIFICATIONS = json.loads(os.environ.get("TEST_NOTIFICATIONS", "{}"))  # for server processes

# Runs deliveries where a test says so (TASK_BACKEND); an app of its own, with a table.
INSTALLED_APPS = [*INSTALLED_APPS, "django_tasks_db"]
TASKS = {
    "default": {"BACKEND": "django_tasks_db.DatabaseBackend"},
    "at_once": {
        "BACKEND": f"{'django.tasks' if django.VERSION >= (6,) else 'django_tasks'}.backends.immediate.ImmediateBackend"
    },
}

# Static files come from where they are written: no `collectstatic`, with or without DEBUG.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True

database = DATABASES["default"]
if database["ENGINE"].endswith("sqlite3"):
    # A real file, not ":memory:": threads and server processes must open the same one.
    name = Path(database["NAME"])
    database["TEST"] = {**database.get("TEST", {}), "NAME": str(name.with_name(f"test_{name.name}"))}
elif database["ENGINE"].endswith("mysql"):
    database["TEST"] = {**database.get("TEST", {}), "NAME": "test_site", "CHARSET": "utf8mb4"}

if "runserver" not in sys.argv:
    # Nothing else needs it, and its import of Twisted is half of a server's start. Tests start many.
    INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "daphne"]

if os.environ.get("TEST_CHANNEL_LAYER") == "core":
    # Its blocking pop waits 5 s, which is redis-py's default time-out, too: the pop must win.
    layer = {"address": os.environ["REDIS_URL"], "socket_timeout": 15}
    CHANNEL_LAYERS["default"] = {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [layer], "capacity": 10_000},
    }
