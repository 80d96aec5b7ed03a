"""The site's own settings with what only tests need. ``DATABASE_URL`` and ``REDIS_URL``: see plugin.py."""

import os
from pathlib import Path

from project.settings import *  # noqa: F403
from project.settings import DATABASES

SECRET_KEY = "only-for-tests"
DEBUG = os.environ.get("TEST_SITE_DEBUG") == "1"  # pytest-django turns it off; a server process may want it
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast

# Static files come from where they are written: no `collectstatic`, with or without DEBUG.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True

database = DATABASES["default"]
if database["ENGINE"].endswith("sqlite3"):
    # A real file, not ":memory:": threads and server processes must open the same one.
    name = Path(database["NAME"])
    database["TEST"] = {**database.get("TEST", {}), "NAME": str(name.with_name(f"test_{name.name}"))}
