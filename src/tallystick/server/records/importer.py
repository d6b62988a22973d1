"""The background of imports: goes on with every file that was begun, whoever looks. One thread a process of the web.

What a process leaves undone, because it ended or died, the next one goes on with: each batch of rows is written
together with the place reached in the file.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from tallystick.errors import TallystickError
from tallystick.server.people.actor import Actor, actor_of, system_actor
from tallystick.server.people.models import User
from tallystick.server.records.domain import importing
from tallystick.server.records.models import Upload
from tallystick.server.ui import mishaps
from tallystick.server.ui.companions import again_and_again

EVERY_S: Final = 0.5
STOP_WITHIN_S: Final = 30.0

log = structlog.get_logger("tallystick.imports")


def go_on_once(stopping: threading.Event | None = None) -> int:
    """Brings every import that waits to its end, one after the other; how many it was at."""
    count = 0
    while (stopping is None or not stopping.is_set()) and (upload := _claimed()) is not None:
        count += 1
        _through(upload, stopping)
    return count


def _claimed() -> Upload | None:
    """The next one that no living process is at, with its file."""
    now = datetime.now(UTC)
    with transaction.atomic():
        waiting = Upload.objects.filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now))
        waiting = waiting.filter(is_begun=True, is_done=False).order_by("begun_at", "created_at")
        if connection.vendor == "postgresql":
            waiting = waiting.select_for_update(skip_locked=True)
        found = waiting.first()
        if found is not None:
            found.claimed_until = now + importing.LEASE
            found.save(update_fields=["claimed_until"])
    return found


def _through(upload: Upload, stopping: threading.Event | None) -> None:
    try:
        with translation.override(_language(upload)):
            while not upload.is_done:
                if stopping is not None and stopping.is_set():
                    Upload.objects.filter(pk=upload.pk).update(claimed_until=None)
                    return
                actor = _actor(upload)
                if actor is None:
                    importing.end(upload, _("Whoever began it is not there any more."))
                else:
                    upload = importing.go_on(actor, upload)
    except DatabaseError:
        raise  # it is tried again when the database answers
    except TallystickError as error:
        importing.end(upload, str(error))
    except Exception as error:  # noqa: BLE001  the edge of this import: the others go on
        reference = mishaps.keep(error)
        log.error("an import broke", upload=upload.pk, reference=reference)
        importing.end(
            upload, _("Something went wrong that was not foreseen (reference {name}).").format(name=reference)
        )


def _actor(upload: Upload) -> Actor | None:
    """Whoever began it, with the rights of this moment."""
    if not upload.by_id:
        return system_actor(upload.by, via=upload.via)
    user = User.objects.filter(pk=int(upload.by_id)).first()
    return None if user is None else actor_of(user, via=upload.via)


def _language(upload: Upload) -> str:
    languages = User.objects.filter(pk=int(upload.by_id or 0)).values_list("language", flat=True)
    return next(iter(languages), "") or "en"


class _Round:
    def __init__(self) -> None:
        self._is_first = True

    def __call__(self, stopping: threading.Event) -> None:
        if self._is_first and connection.vendor == "sqlite":  # the only process: whoever was at them is dead
            Upload.objects.filter(is_done=False).update(claimed_until=None)
        self._is_first = False
        go_on_once(stopping)


def importing_beside() -> AbstractContextManager[None]:
    """Beside the web."""
    return again_and_again("imports", _Round(), every_s=EVERY_S, ends_within_s=STOP_WITHIN_S)
