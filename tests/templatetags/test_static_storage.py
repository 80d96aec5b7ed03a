"""The one script and its stylesheet, whatever the site's storage calls the files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command

from .test_notifications import BOTH, render

pytestmark = pytest.mark.django_db


class Aggregating(ManifestStaticFilesStorage):
    """Hashes what modules import, too."""

    support_js_module_import_aggregation = True


@pytest.mark.parametrize(
    "storage", [f"{__name__}.Aggregating", f"{ManifestStaticFilesStorage.__module__}.ManifestStaticFilesStorage"]
)
def test_every_file_is_found_and_the_script_needs_no_other(settings: Any, tmp_path: Path, storage: str) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": storage}}
    call_command("collectstatic", interactive=False, verbosity=0)
    html = render(BOTH, get_user_model().objects.create_user("luis"))

    [style] = re.findall(r'href="/static/(notifications/notifications\.[0-9a-f]{12}\.css)"', html)
    [script] = re.findall(r'src="/static/(notifications/notifications\.min\.[0-9a-f]{12}\.js)"', html)
    assert (tmp_path / style).is_file()
    # Which of the modules in it a storage hashes, and by which names they find each other, is no question then.
    assert not re.search(r"""\bfrom\s*["']\.|\bimport\s*\(?\s*["']""", (tmp_path / script).read_text())
