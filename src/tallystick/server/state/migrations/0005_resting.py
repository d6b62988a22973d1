"""Links that rest, few among many, are found without reading the others."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("state", "0004_grams")]
    operations = [
        migrations.AddIndex(
            model_name="link",
            index=models.Index(fields=["scope", "number"], condition=models.Q(is_active=False), name="link_resting"),
        ),
    ]
