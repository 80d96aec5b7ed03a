import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
django_application = get_asgi_application()

# After Django is set up: the consumers import models.
from notifications.routing import with_notifications  # noqa: E402

application = with_notifications(django_application)
