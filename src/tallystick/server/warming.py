"""What the first request of a process would wait for, done before the hub answers: templates, texts, libraries."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.template.loader import get_template
from django.urls import reverse
from django.utils import translation

from tallystick.errors import TallystickError
from tallystick.runs.frugal import settle
from tallystick.server.designer.place import jobs


def warm_up(application: Any) -> None:
    """One request goes through everything that stands around a view; the templates of all pages are read.

    Raises what a page that cannot be shown raises.
    """
    for config in apps.get_app_configs():
        folder = Path(config.path) / "templates"
        if config.name.startswith("tallystick."):
            for file in sorted(folder.rglob("*.html")):
                get_template(str(file.relative_to(folder)))
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            translation.gettext("Sign in")
    with suppress(TallystickError):  # a page that needs the jobs will say it
        jobs()
    application.get_response(WSGIRequest(_sign_in_page())).close()
    settle()


def _sign_in_page() -> dict[str, Any]:
    from io import BytesIO

    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": reverse("account_login"),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
