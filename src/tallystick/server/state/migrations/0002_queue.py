"""What the queue of questions is sorted, grouped and searched by; runs by status, person and time."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from tallystick.server.state.likeness import likeness_of, words_of
from tallystick.server.state.reviews import REVIEW, review_of

PAGE = 1_000


def fill(apps: Any, schema_editor: Any) -> None:
    """What earlier versions kept does not have these yet."""
    after = 0
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"SELECT {REVIEW} FROM state_review WHERE number > %s ORDER BY number LIMIT %s", [after, PAGE]
            )
            reviews = [review_of(row) for row in cursor.fetchall()]
            if not reviews:
                return
            after = reviews[-1].number
            cursor.executemany(
                "UPDATE state_review SET likeness = %s, words = %s, decided_at = %s, decided_by = %s WHERE number = %s",
                [
                    (
                        likeness_of(one),
                        words_of(one),
                        one.decision.at if one.decision else None,
                        one.decision.by if one.decision else None,
                        one.number,
                    )
                    for one in reviews
                ],
            )


class Migration(migrations.Migration):
    dependencies = [
        ("state", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="review",
            name="decided_at",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="decided_by",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="likeness",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="words",
            field=models.TextField(null=True),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["status", "kind", "number"], name="review_kind"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["status", "scope", "number"], name="review_scope"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["status", "scope", "kind", "likeness", "number"], name="review_alike"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["status", "decided_at", "number"], name="review_decided"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["status", "number"], name="run_status"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["by", "number"], name="run_by"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["started_at"], name="run_started"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["of"], condition=~models.Q(of=""), name="run_of"),
        ),
    ]
