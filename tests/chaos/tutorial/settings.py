"""A small site round the tutorial's app. The channel layer is set up better than tutorials do: see ``LAYERS``."""

import os

import dj_database_url

SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["channels", "django.contrib.contenttypes", "django.contrib.auth", "tests.chaos.tutorial"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "tests.chaos.tutorial.urls"
ASGI_APPLICATION = "tests.chaos.tutorial.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
MIGRATION_MODULES = {"contenttypes": None, "auth": None, "tutorial": None}

DATABASES = {"default": dj_database_url.config(default="sqlite:///:memory:", conn_max_age=0)}

REDIS_URL = os.environ.get("REDIS_URL", "")
LAYERS = {
    "core": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # Without the time-out it would lose its sockets every few idle seconds, which is a row of its own.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 15}]},
    },
    "core-by-default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
    "pubsub": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}},
}
CHANNEL_LAYERS = {"default": LAYERS[os.environ.get("TEST_CHANNEL_LAYER", "pubsub")]}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
