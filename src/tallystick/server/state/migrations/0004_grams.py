"""Open questions found by any part of the words they show."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from tallystick.server.state.grams import REVIEW_WORDS, make, unmake


def make_grams(apps: Any, schema_editor: Any) -> None:
    make(schema_editor, REVIEW_WORDS)


def unmake_grams(apps: Any, schema_editor: Any) -> None:
    unmake(schema_editor, REVIEW_WORDS)


class Migration(migrations.Migration):
    dependencies = [("state", "0003_turns")]
    operations = [migrations.RunPython(make_grams, unmake_grams)]
