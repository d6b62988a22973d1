"""Turns to ask a system, shared by all processes."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("state", "0002_queue")]
    operations = [
        migrations.CreateModel(
            name="Turns",
            fields=[
                ("name", models.TextField(primary_key=True, serialize=False)),
                ("next_at", models.FloatField()),
            ],
        ),
    ]
