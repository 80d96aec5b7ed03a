from django.apps import AppConfig


class TutorialConfig(AppConfig):
    name = "tests.chaos.tutorial"
    label = "tutorial"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers  # noqa: F401
