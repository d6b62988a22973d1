"""The first person: whoever opens the link that `tallystick serve` prints becomes administrator."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from tallystick.errors import LinkExpired
from tallystick.server.people.models import User

SALT: Final = "people.first"
LASTS: Final = timedelta(days=2)


def welcome_path() -> str:
    """The path of the page that makes the first administrator, with its token; empty once there is a person."""
    if User.objects.exists():
        return ""
    return reverse("people:first", args=[signing.dumps("first", salt=SALT)])


def check_first(token: str) -> None:
    """Raises LinkExpired when the token is none of ours, is too old, or there is a person already."""
    try:
        signing.loads(token, salt=SALT, max_age=LASTS)
        is_right = not User.objects.exists()
    except signing.BadSignature:
        is_right = False
    if not is_right:
        raise LinkExpired(
            _("This link has been used already or is too old."),
            hint=_("Sign in; if nobody can yet, start the hub again: it prints a new link."),
        )
