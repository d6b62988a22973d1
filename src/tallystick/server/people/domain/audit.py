"""The audit trail: every administrative act leaves one row, written in the transaction of the act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import models

from tallystick.server.people.actor import Actor
from tallystick.server.people.models import AuditEntry


def audit(
    actor: Actor,
    action: str,
    *,
    subject: models.Model | None = None,
    subject_type: str = "",
    subject_id: str = "",
    subject_name: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Writes down who did what to what. `action` is like `people.create_user`; `details` never hold a secret.

    With `subject` its type, id and name are taken from the model.
    """
    if subject is not None:
        subject_type = subject_type or subject._meta.label_lower
        subject_id = subject_id or str(subject.pk)
        subject_name = subject_name or str(subject)
    AuditEntry.objects.create(
        person=actor.person,
        by=actor.name[:200],
        via=actor.via[:60],
        address=actor.address[:64],
        action=action,
        subject_type=subject_type,
        subject_id=subject_id[:64],
        subject_name=subject_name[:200],
        details=dict(details or {}),
    )
