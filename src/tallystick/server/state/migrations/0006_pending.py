"""Records that wait, few among many that are not linked, are found without reading the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("state", "0005_resting")]
    operations = [
        migrations.AddIndex(
            model_name="unlinked",
            index=models.Index(
                fields=["scope", "number"],
                condition=models.Q(standing__in=["unknown", "waiting"]),
                name="unlinked_pending",
            ),
        ),
    ]
