"""The site with a user model of its own, whose primary key is a UUID. Its tests: ``tests/uuid_users``."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.uuid_users"]
AUTH_USER_MODEL = "uuid_users.Person"
