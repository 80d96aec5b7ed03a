import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.chaos.tutorial.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

from .consumers import NotificationConsumer  # noqa: E402

socket_application = URLRouter([path("ws/notifications", NotificationConsumer.as_asgi())])
application = ProtocolTypeRouter({"http": django_application, "websocket": socket_application})
