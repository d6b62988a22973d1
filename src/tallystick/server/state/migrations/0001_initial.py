import django.db.models.deletion
from django.db import migrations, models

import tallystick.server.state.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="LinkBase",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("left", models.TextField(null=True)),
                ("right", models.TextField(null=True)),
                ("evidence", models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="OperationValues",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("before", models.TextField()),
                ("after", models.TextField()),
                ("rest", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("run", models.TextField(unique=True)),
                ("kind", models.TextField()),
                ("integration", models.TextField()),
                ("file", models.TextField()),
                ("document", models.TextField()),
                ("fingerprint", models.TextField()),
                ("status", models.TextField()),
                ("by", models.TextField()),
                ("started_at", models.TextField()),
                ("finished_at", models.TextField()),
                ("result", models.TextField()),
                ("of", models.TextField()),
            ],
            options={
                "indexes": [models.Index(fields=["integration", "number"], name="run_integration")],
            },
        ),
        migrations.CreateModel(
            name="Scope",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("integration", models.TextField()),
                ("flow", models.TextField()),
                ("instance", models.TextField()),
                ("cursors", models.TextField()),
                ("maps", models.TextField()),
                ("last_full_at", models.TextField()),
                ("linked", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("integration", "flow", "instance"), name="scope_once")],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("flow", models.TextField()),
                ("kind", models.TextField()),
                ("left_id", tallystick.server.state.fields.IdText(null=True)),
                ("right_id", tallystick.server.state.fields.IdText(null=True)),
                ("topic", models.TextField()),
                ("subject", models.TextField()),
                ("fields", models.TextField()),
                ("evidence", models.TextField()),
                ("fingerprint", models.TextField()),
                ("status", models.TextField()),
                ("decision", models.TextField(null=True)),
                ("run", models.TextField()),
                ("since", models.TextField()),
                (
                    "scope",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="state.scope"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "subject"], name="review_subject"),
                    models.Index(fields=["status", "number"], name="review_status"),
                    tallystick.server.state.fields.IdIndex(fields=["scope", "left_id"], name="review_left"),
                    tallystick.server.state.fields.IdIndex(fields=["scope", "right_id"], name="review_right"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "open")), fields=("scope", "subject"), name="review_one_open"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Operation",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("run", models.TextField()),
                ("flow", models.TextField()),
                ("seq", models.BigIntegerField()),
                ("action", models.TextField()),
                ("side", models.TextField()),
                ("left_id", tallystick.server.state.fields.IdText(null=True)),
                ("right_id", tallystick.server.state.fields.IdText(null=True)),
                ("link", models.BigIntegerField(null=True)),
                ("state", models.TextField()),
                ("message", models.TextField()),
                ("attempts", models.IntegerField()),
                ("at", models.TextField()),
                ("has_references", models.BooleanField()),
                (
                    "scope",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="state.scope"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "number"], name="operation_scope"),
                    tallystick.server.state.fields.IdIndex(fields=["left_id", "scope"], name="operation_left"),
                    tallystick.server.state.fields.IdIndex(fields=["right_id", "scope"], name="operation_right"),
                ],
                "constraints": [models.UniqueConstraint(fields=("run", "flow", "seq"), name="operation_place")],
            },
        ),
        migrations.CreateModel(
            name="MatchKey",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("side", models.TextField()),
                ("key", models.BigIntegerField()),
                ("record", tallystick.server.state.fields.IdText()),
                (
                    "scope",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="state.scope"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "side", "key"], name="match_key_key"),
                    tallystick.server.state.fields.IdIndex(fields=["scope", "side", "record"], name="match_key_record"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("left_id", tallystick.server.state.fields.IdText(null=True)),
                ("right_id", tallystick.server.state.fields.IdText(null=True)),
                ("left_fingerprint", models.BigIntegerField(null=True)),
                ("right_fingerprint", models.BigIntegerField(null=True)),
                ("left_version", models.TextField(null=True)),
                ("right_version", models.TextField(null=True)),
                ("is_active", models.BooleanField()),
                ("cause", models.TextField()),
                ("turns", models.IntegerField()),
                ("last_side", models.TextField(null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="state.scope"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "number"], name="link_scope"),
                    tallystick.server.state.fields.IdIndex(
                        fields=["scope", "left_id"], is_unique=True, name="link_left"
                    ),
                    tallystick.server.state.fields.IdIndex(
                        fields=["scope", "right_id"], is_unique=True, name="link_right"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FlowRun",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("run", models.TextField()),
                ("flow", models.TextField()),
                ("status", models.TextField()),
                ("is_full", models.BooleanField()),
                ("cursors", models.TextField()),
                ("counts", models.TextField()),
                (
                    "scope",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="state.scope"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["scope", "status", "number"], name="flow_run_scope")],
                "constraints": [models.UniqueConstraint(fields=("run", "flow"), name="flow_run_once")],
            },
        ),
        migrations.CreateModel(
            name="Unlinked",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("side", models.TextField()),
                ("record", tallystick.server.state.fields.IdText()),
                ("fingerprint", models.BigIntegerField()),
                ("version", models.TextField(null=True)),
                ("standing", models.TextField()),
                ("reason", models.TextField()),
                ("waits_flow", models.TextField(null=True)),
                ("waits_side", models.TextField(null=True)),
                ("waits_record", tallystick.server.state.fields.IdText(null=True)),
                ("held", models.TextField()),
                (
                    "scope",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="state.scope"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["scope", "number"], name="unlinked_scope"),
                    tallystick.server.state.fields.IdIndex(
                        fields=["scope", "side", "record"], is_unique=True, name="unlinked_record"
                    ),
                    tallystick.server.state.fields.IdIndex(fields=["scope", "waits_record"], name="unlinked_waits"),
                ],
            },
        ),
    ]
