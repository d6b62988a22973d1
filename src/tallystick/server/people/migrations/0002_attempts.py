"""The table in which attempts to sign in are counted, for all processes of the hub."""

from typing import Any

from django.core.management import call_command
from django.db import migrations


def make(apps: Any, editor: Any) -> None:
    call_command("createcachetable", "people_attempts", database=editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]
    operations = [
        migrations.RunPython(make, lambda apps, editor: editor.execute("DROP TABLE people_attempts"), elidable=False),
    ]
