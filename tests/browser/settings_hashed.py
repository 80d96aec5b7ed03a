"""Static files as production sites serve them: collected, and named by their content."""

import os

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

from tests.settings import *  # noqa: F403


class HashedFiles(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = bool(os.environ.get("TEST_AGGREGATE_IMPORTS"))


DEBUG = False
STATIC_ROOT = os.environ["TEST_STATIC_ROOT"]
WHITENOISE_USE_FINDERS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tests.browser.settings_hashed.HashedFiles"},
}
