"""Questions live in the state; here stand the permissions alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Question(models.Model):
    """Has no table."""

    class Meta:
        managed = False
        default_permissions = ()
        verbose_name_plural = _("Questions")
        permissions: ClassVar = [
            ("view_question", gettext_noop("See the review queue")),
            ("answer_question", gettext_noop("Answer questions and take answers back")),
            ("approve_run", gettext_noop("Approve and refuse held runs")),
        ]
