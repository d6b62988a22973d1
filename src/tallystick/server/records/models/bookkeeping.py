"""What is written beside the records: their history, numbers, words for searching, and lists of references."""

# mypy: disable-error-code="var-annotated"
from __future__ import annotations

from django.db import models


class Change(models.Model):
    """One change of one record, never altered: the page's history, the connector's feed, and the way back.

    `transaction` is PostgreSQL's, so that a reading of the feed can tell which changes a cursor has seen although
    transactions end in another order than they began; SQLite has one writer at a time, and `seq` is enough.
    """

    seq = models.BigAutoField(primary_key=True)
    record_type = models.CharField(max_length=30)
    record = models.CharField(max_length=32)
    version = models.BigIntegerField()
    at = models.DateTimeField()
    action = models.CharField(max_length=10)  # created, changed, deleted, restored, merged, archived
    by = models.CharField(max_length=150)
    by_id = models.CharField(max_length=40, null=True)  # the user's
    via = models.CharField(max_length=100)
    run = models.CharField(max_length=32, null=True)
    key = models.CharField(max_length=300, null=True)  # idempotency key of the write
    reason = models.CharField(max_length=300, default="")
    changes = models.TextField()  # json: {field: [before, after]}, canonical texts
    transaction = models.BigIntegerField(default=0)

    class Meta:
        app_label = "records"
        default_permissions = ()
        indexes = [
            models.Index(fields=["record_type", "seq"], name="change_type_seq"),
            models.Index(fields=["record_type", "transaction"], name="change_type_transaction"),
            models.Index(fields=["record", "seq"], name="change_record_seq"),
            models.Index(fields=["run", "seq"], name="change_run_seq"),
            models.Index(fields=["key"], condition=models.Q(key__isnull=False), name="change_key"),
        ]


class Numbering(models.Model):
    """The last number given to a record of a type."""

    record_type = models.CharField(max_length=30, primary_key=True)
    last = models.BigIntegerField()

    class Meta:
        app_label = "records"
        default_permissions = ()


class SearchText(models.Model):
    """What a record can be found by: the mark of its type and its search fields, folded. Indexed by state/grams.py."""

    number = models.BigAutoField(primary_key=True)
    record = models.CharField(max_length=32)
    record_type = models.CharField(max_length=30)
    text = models.TextField()

    class Meta:
        app_label = "records"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["record"], name="search_record_once")]


class Relation(models.Model):
    """One element of a list of references, for asking from the other end."""

    number = models.BigAutoField(primary_key=True)
    record_type = models.CharField(max_length=30)
    record = models.CharField(max_length=32)
    field = models.CharField(max_length=30)
    target = models.CharField(max_length=32)
    position = models.IntegerField()

    class Meta:
        app_label = "records"
        default_permissions = ()
        indexes = [models.Index(fields=["target", "record_type", "field"], name="relation_target")]
        constraints = [models.UniqueConstraint(fields=["record", "field", "position"], name="relation_position_once")]
