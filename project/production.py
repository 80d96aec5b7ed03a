"""The same site behind HTTPS. Everything secret comes from the environment, and has no default."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from .settings import *  # noqa: F403
from .settings import NOTIFICATIONS


def _required(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        raise ImproperlyConfigured(f"Set {name} in the environment of the production site.") from None


def _switch(name: str, *, default: bool) -> bool:
    return os.environ.get(name, str(default)).lower() in {"1", "true", "yes", "on"}


DEBUG = False
SECRET_KEY = _required("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = _required("DJANGO_ALLOWED_HOSTS").split(",")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if not host.startswith(".")]

# Links in e-mails lead to the first of the hosts, unless another is said.
NOTIFICATIONS = {**NOTIFICATIONS, "SITE_URL": os.environ.get("SITE_URL", f"https://{ALLOWED_HOSTS[0].lstrip('.')}")}
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # never into a folder

SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# The proxy in front usually redirects already; without one, set DASHBOARD_FORCE_HTTPS.
SECURE_SSL_REDIRECT = _switch("DASHBOARD_FORCE_HTTPS", default=False)
if _switch("DASHBOARD_ENABLE_HSTS", default=True):
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
# security.W008 asks for the redirect that DASHBOARD_FORCE_HTTPS switches on.
SILENCED_SYSTEM_CHECKS = [] if SECURE_SSL_REDIRECT else ["security.W008"]

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
