"""The tables of the state. What they hold is worded in `tallystick.model`; texts called *json* are `codec`'s.

Django makes and changes them (migrations); the statements that read and write them stand in the modules
beside this one, in SQL, because they move thousands of rows at a time.
"""

# mypy: disable-error-code="var-annotated"
# Nothing reads these attributes: their types would be noise.
from __future__ import annotations

from django.db import models
from django.db.models import Q

from tallystick.model.link import PENDING
from tallystick.server.state.fields import IdIndex, IdText


class Scope(models.Model):
    number = models.BigAutoField(primary_key=True)
    integration = models.TextField()
    flow = models.TextField()
    instance = models.TextField()
    cursors = models.TextField()  # json
    maps = models.TextField()  # json
    last_full_at = models.TextField()
    linked = models.BigIntegerField()  # active links; kept in step with the links by every statement that changes them

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "flow", "instance"], name="scope_once")]


class Link(models.Model):
    """The narrow part of a link: detection reads it for a million links at a time."""

    number = models.BigAutoField(primary_key=True)
    scope = models.ForeignKey(Scope, models.CASCADE, db_index=False, related_name="+")
    left_id = IdText(null=True)
    right_id = IdText(null=True)
    left_fingerprint = models.BigIntegerField(null=True)
    right_fingerprint = models.BigIntegerField(null=True)
    left_version = models.TextField(null=True)
    right_version = models.TextField(null=True)
    is_active = models.BooleanField()
    cause = models.TextField()
    turns = models.IntegerField()
    last_side = models.TextField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["scope", "number"], name="link_scope"),
            models.Index(fields=["scope", "number"], condition=Q(is_active=False), name="link_resting"),
            IdIndex(fields=["scope", "left_id"], name="link_left", is_unique=True),
            IdIndex(fields=["scope", "right_id"], name="link_right", is_unique=True),
        ]


class LinkBase(models.Model):
    """The wide part of a link, read only for the few that changed."""

    number = models.BigAutoField(primary_key=True)  # the link's
    left = models.TextField(null=True)  # json
    right = models.TextField(null=True)  # json
    evidence = models.TextField(null=True)  # json


class Unlinked(models.Model):
    number = models.BigAutoField(primary_key=True)
    scope = models.ForeignKey(Scope, models.CASCADE, db_index=False, related_name="+")
    side = models.TextField()
    record = IdText()
    fingerprint = models.BigIntegerField()
    version = models.TextField(null=True)
    standing = models.TextField()
    reason = models.TextField()
    waits_flow = models.TextField(null=True)
    waits_side = models.TextField(null=True)
    waits_record = IdText(null=True)
    held = models.TextField()  # json: the values

    class Meta:
        indexes = [
            models.Index(fields=["scope", "number"], name="unlinked_scope"),
            models.Index(
                fields=["scope", "number"],
                condition=Q(standing__in=[one.value for one in PENDING]),
                name="unlinked_pending",
            ),
            IdIndex(fields=["scope", "side", "record"], name="unlinked_record", is_unique=True),
            IdIndex(fields=["scope", "waits_record"], name="unlinked_waits"),
        ]


class MatchKey(models.Model):
    number = models.BigAutoField(primary_key=True)
    scope = models.ForeignKey(Scope, models.CASCADE, db_index=False, related_name="+")
    side = models.TextField()
    key = models.BigIntegerField()
    record = IdText()

    class Meta:
        indexes = [
            models.Index(fields=["scope", "side", "key"], name="match_key_key"),
            IdIndex(fields=["scope", "side", "record"], name="match_key_record"),
        ]


class Run(models.Model):
    number = models.BigAutoField(primary_key=True)  # in the order they were started
    run = models.TextField(unique=True)
    kind = models.TextField()
    integration = models.TextField()
    file = models.TextField()
    document = models.TextField()
    fingerprint = models.TextField()
    status = models.TextField()
    by = models.TextField()
    started_at = models.TextField()
    finished_at = models.TextField()
    result = models.TextField()  # json
    of = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["integration", "number"], name="run_integration"),
            models.Index(fields=["status", "number"], name="run_status"),
            models.Index(fields=["by", "number"], name="run_by"),
            models.Index(fields=["started_at"], name="run_started"),
            models.Index(fields=["of"], condition=~Q(of=""), name="run_of"),
        ]


class FlowRun(models.Model):
    number = models.BigAutoField(primary_key=True)
    scope = models.ForeignKey(Scope, models.CASCADE, db_index=False, related_name="+")
    run = models.TextField()
    flow = models.TextField()
    status = models.TextField()
    is_full = models.BooleanField()
    cursors = models.TextField()  # json
    counts = models.TextField()  # json

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "flow"], name="flow_run_once")]
        indexes = [models.Index(fields=["scope", "status", "number"], name="flow_run_scope")]


class Operation(models.Model):
    """The narrow part of an operation: written when it is planned, sent and done."""

    number = models.BigAutoField(primary_key=True)
    scope = models.ForeignKey(Scope, models.CASCADE, db_index=False, related_name="+")
    run = models.TextField()
    flow = models.TextField()
    seq = models.BigIntegerField()
    action = models.TextField()
    side = models.TextField()
    left_id = IdText(null=True)
    right_id = IdText(null=True)
    link = models.BigIntegerField(null=True)
    state = models.TextField()
    message = models.TextField()
    attempts = models.IntegerField()
    at = models.TextField()
    has_references = models.BooleanField()  # `after` was planned with a Reference

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "flow", "seq"], name="operation_place")]
        indexes = [
            models.Index(fields=["scope", "number"], name="operation_scope"),
            IdIndex(fields=["left_id", "scope"], name="operation_left"),
            IdIndex(fields=["right_id", "scope"], name="operation_right"),
        ]


class OperationValues(models.Model):
    """The wide part of an operation: written once."""

    number = models.BigAutoField(primary_key=True)  # the operation's
    before = models.TextField()  # json
    after = models.TextField()  # json
    rest = models.TextField()  # json: what never changes once planned


class Review(models.Model):
    number = models.BigAutoField(primary_key=True)
    scope = models.ForeignKey(Scope, models.CASCADE, db_index=False, related_name="+")
    flow = models.TextField()
    kind = models.TextField()
    left_id = IdText(null=True)
    right_id = IdText(null=True)
    topic = models.TextField()
    subject = models.TextField()  # a hash of kind, ids and topic: one open review each
    fields = models.TextField()  # json
    evidence = models.TextField()  # json
    fingerprint = models.TextField()
    status = models.TextField()
    decision = models.TextField(null=True)  # json
    run = models.TextField()
    since = models.TextField()
    likeness = models.TextField(null=True)  # a hash: equal within a scope for questions one answer may do for
    words = models.TextField(null=True)  # what a person may look for, folded
    decided_at = models.TextField(null=True)
    decided_by = models.TextField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "subject"], condition=Q(status="open"), name="review_one_open")
        ]
        indexes = [
            models.Index(fields=["scope", "subject"], name="review_subject"),
            models.Index(fields=["status", "number"], name="review_status"),
            models.Index(fields=["status", "kind", "number"], name="review_kind"),
            models.Index(fields=["status", "scope", "number"], name="review_scope"),
            models.Index(fields=["status", "scope", "kind", "likeness", "number"], name="review_alike"),
            models.Index(fields=["status", "decided_at", "number"], name="review_decided"),
            IdIndex(fields=["scope", "left_id"], name="review_left"),
            IdIndex(fields=["scope", "right_id"], name="review_right"),
        ]


class Turns(models.Model):
    """When the next turn to ask a system is."""

    name = models.TextField(primary_key=True)
    next_at = models.FloatField()  # seconds by the database's clock
