"""Kinds of events that webhooks tell."""

from __future__ import annotations

import enum
from typing import Final

from django.utils.translation import gettext_lazy as _


class Kind(enum.StrEnum):
    RECORD_CHANGED = "record.changed"
    RUN_FINISHED = "run.finished"
    RUN_HELD = "run.held"
    REVIEW_RAISED = "review.raised"
    REVIEW_DECIDED = "review.decided"
    TEST = "webhook.test"


TITLES: Final = {
    Kind.RECORD_CHANGED: _("A record changed"),
    Kind.RUN_FINISHED: _("A run came to its end"),
    Kind.RUN_HELD: _("A run was held"),
    Kind.REVIEW_RAISED: _("A question came up"),
    Kind.REVIEW_DECIDED: _("A question was answered"),
}
"""Those that an endpoint can be told of."""
