"""The hub's addresses with the style page, as TALLYSTICK_DEBUG gives them."""

from django.urls import path

from tallystick.server.ui import style
from tallystick.server.urls import handler400, handler403, handler404, handler500
from tallystick.server.urls import urlpatterns as hub

__all__ = ["handler400", "handler403", "handler404", "handler500"]

urlpatterns = [*hub, path("style/", style.style, name="style")]
