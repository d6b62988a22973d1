"""The hub for a WSGI server: `application`. `tallystick serve` is the ordinary way to start it."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tallystick.server.settings")
application = get_wsgi_application()
