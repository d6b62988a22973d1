"""The worker's part of learning weights: it reads both sides, learns, tries the answers, and tells how far it is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from tallystick.engine.result import Progress
from tallystick.errors import TallystickError
from tallystick.runs.errands import Doing, Errand
from tallystick.runs.lessons import lesson_shown, rule_shown
from tallystick.runs.schedule import Job
from tallystick.runs.training import learn, precisions
from tallystick.server.designer.domain.lessons import LEARN
from tallystick.server.designer.models import IntegrationVersion, KeptLesson, LessonState
from tallystick.server.designer.workspaces import workspace_of_version
from tallystick.server.ui import mishaps

BEAT_S: Final = 1.0
"""So often at most it is told how far it is."""


def attend(job: Job, doing: Doing) -> None:
    """Implements tallystick.runs.errands.Errand. Nothing to do where it is done, or gone with its integration."""
    with _noting(job.subject):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        rows = KeptLesson.objects.select_related("integration")
        lesson = rows.filter(pk=job.subject, state=LessonState.LEARNING).first()
        if lesson is not None:
            _learned(lesson, doing)


ERRANDS: Final[Mapping[str, Errand]] = {LEARN: attend}


def _learned(lesson: KeptLesson, doing: Doing) -> None:
    version = IntegrationVersion.objects.get(integration=lesson.integration, number=lesson.version)
    told = _telling(lesson.pk, doing.progress)
    told("reading", 0)
    with workspace_of_version(version, by=lesson.made_by, clock=doing.clock, progress=doing.progress) as opened:
        flow = opened.integration.flow(lesson.flow)
        found = learn(opened, flow, {}, progress=told)
        rules = [rule_shown(one) for one in precisions(opened, flow)]
    ready: dict[str, Any] = {
        "state": LessonState.READY,
        "told": lesson_shown(found),
        "rules": rules,
        "match": found.document()["match"],
        "doing": "",
    }
    mine = KeptLesson.objects.filter(pk=lesson.pk, state=LessonState.LEARNING)
    mine.update(**ready, touched_at=timezone.now())


@contextmanager
def _noting(id_: str) -> Iterator[None]:
    """The outermost edge of an errand: what went wrong stands in the lesson."""
    try:
        yield
    except TallystickError as error:
        _failed(id_, error.message or str(error), error.hint)
    except Exception as error:  # noqa: BLE001  nobody is above
        reference = mishaps.keep(error)
        sentence = _("Something went wrong that Tallystick did not foresee (reference {reference}).")
        hint = _("Try again; if it happens again, send the reference to whoever looks after this hub.")
        _failed(id_, sentence.format(reference=reference), hint)


def _failed(id_: str, message: str, hint: str) -> None:
    failed = {"state": LessonState.FAILED, "message": message, "hint": hint, "doing": ""}
    KeptLesson.objects.filter(pk=id_).update(**failed, touched_at=timezone.now())


def _telling(id_: str, between: Progress) -> Progress:
    """Notes what is being done as soon as that is something else, and how far it is, once a second at most."""
    said_at = 0.0
    before = ""
    total: dict[str, int] = {}

    def step(what: str, count: int) -> None:
        nonlocal said_at, before
        between(what, count)
        total[what] = total.get(what, 0) + count
        now = time.monotonic()
        if what != before or now - said_at >= BEAT_S:
            said_at, before = now, what
            KeptLesson.objects.filter(pk=id_).update(doing=what[:200], done=total[what], touched_at=timezone.now())

    return step
