"""Django's name for this room."""

from django.apps import AppConfig


class StateConfig(AppConfig):
    name = "tallystick.server.state"
    label = "state"
    verbose_name = "State"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tallystick.server.state import sessions

        sessions.connect()
