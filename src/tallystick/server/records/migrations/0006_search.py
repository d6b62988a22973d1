"""What records are found by: numbered, begun with the type, and found by any part of a word."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from tallystick.server.records.domain.tables import type_mark
from tallystick.server.state.grams import SEARCH_TEXTS, make, unmake


def fill(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT record_type FROM records_searchtext")
        for (name,) in cursor.fetchall():
            cursor.execute(
                "INSERT INTO records_searchline (record, record_type, text) "
                "SELECT record, record_type, %s || text FROM records_searchtext WHERE record_type = %s",
                [f"{type_mark(name)}\n", name],
            )


def make_grams(apps: Any, schema_editor: Any) -> None:
    make(schema_editor, SEARCH_TEXTS)


def unmake_grams(apps: Any, schema_editor: Any) -> None:
    unmake(schema_editor, SEARCH_TEXTS)


class Migration(migrations.Migration):
    dependencies = [("records", "0005_recurring"), ("state", "0004_grams")]
    operations = [
        migrations.CreateModel(
            name="SearchLine",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("record", models.CharField(max_length=32)),
                ("record_type", models.CharField(max_length=30)),
                ("text", models.TextField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=["record"], name="search_record_once")],
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.DeleteModel(name="SearchText"),
        migrations.RenameModel(old_name="SearchLine", new_name="SearchText"),
        migrations.RunPython(make_grams, unmake_grams),
    ]
