"""Creates the table of audit events and the indexes of its list."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.datetime
from django.db import migrations, models

import audit.models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("occurred_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("action", models.CharField(choices=audit.models.action_choices, max_length=40)),
                (
                    "outcome",
                    models.CharField(
                        choices=[("allowed", "Allowed"), ("denied", "Denied"), ("break_glass", "Break-glass")],
                        max_length=12,
                    ),
                ),
                ("actor_id", models.CharField(blank=True, max_length=100)),
                ("actor_name", models.CharField(blank=True, max_length=200)),
                ("actor_role", models.CharField(blank=True, max_length=40)),
                ("actor_institution", models.CharField(blank=True, max_length=200)),
                ("study_instance_uid", models.CharField(blank=True, max_length=64)),
                ("server_id", models.CharField(blank=True, max_length=64)),
                ("institution", models.CharField(blank=True, max_length=200)),
                (
                    "patient_identifiers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=256), blank=True, default=list, size=None
                    ),
                ),
                ("study_summary", models.CharField(blank=True, max_length=300)),
                ("rule", models.CharField(blank=True, max_length=64)),
                ("details", models.JSONField(blank=True, default=dict)),
                ("remote_address", models.CharField(blank=True, max_length=64)),
                ("request_id", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["-occurred_at", "-id"], name="audit_newest"),
                    models.Index(fields=["actor_id", "-occurred_at", "-id"], name="audit_actor"),
                    models.Index(fields=["study_instance_uid", "-occurred_at", "-id"], name="audit_study"),
                    models.Index(fields=["action", "-occurred_at", "-id"], name="audit_action"),
                    models.Index(fields=["outcome", "-occurred_at", "-id"], name="audit_outcome"),
                    models.Index(fields=["institution", "-occurred_at", "-id"], name="audit_institution"),
                    models.Index(fields=["actor_institution", "-occurred_at", "-id"], name="audit_actor_institution"),
                    models.Index(fields=["rule", "-occurred_at", "-id"], name="audit_rule"),
                    django.contrib.postgres.indexes.GinIndex(fields=["patient_identifiers"], name="audit_patient"),
                ],
            },
        ),
    ]
