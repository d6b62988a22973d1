"""Questions live in the state; here stand the permissions alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Question(models.Model):
    """Has no table."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions: ClassVar = [
            ("view_question", "See the review queue"),
            ("answer_question", "Answer questions and take answers back"),
            ("approve_run", "Approve and refuse held runs"),
        ]
