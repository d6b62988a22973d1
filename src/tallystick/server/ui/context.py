"""What every page's template knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tallystick import __version__
from tallystick.server.people.actor import NOBODY
from tallystick.server.ui import navigation


def around(request: HttpRequest) -> dict[str, Any]:
    """`actor`, `menu` (read when a template shows it), `theme`, `version`, `is_debug`."""
    actor = getattr(request, "actor", NOBODY)
    user = getattr(request, "user", None)
    return {
        "actor": actor,
        "menu": SimpleLazyObject(lambda: navigation.shown(request, actor)),
        "theme": getattr(user, "theme", "system"),
        "version": __version__,
        "is_debug": settings.DEBUG,
    }
