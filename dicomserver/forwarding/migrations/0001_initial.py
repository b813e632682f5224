"""Rules for forwarding, and what waits for each destination."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("access", "0004_senders_may_store"),
        ("index", "0008_query_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Destination",
            fields=[
                (
                    "peer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="access.peer",
                    ),
                ),
                ("failures", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("down_since", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, default="", max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="ForwardRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, unique=True)),
                (
                    "trigger",
                    models.CharField(
                        choices=[("instance", "With each instance"), ("study", "When the study is complete")],
                        default="instance",
                        max_length=16,
                    ),
                ),
                (
                    "modalities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), blank=True, default=list, size=None
                    ),
                ),
                (
                    "calling_ae_titles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), blank=True, default=list, size=None
                    ),
                ),
                (
                    "called_ae_titles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), blank=True, default=list, size=None
                    ),
                ),
                ("study_description", models.CharField(blank=True, default="", max_length=128)),
                ("series_description", models.CharField(blank=True, default="", max_length=128)),
                (
                    "body_parts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=16), blank=True, default=list, size=None
                    ),
                ),
                (
                    "weekdays",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("received_from", models.TimeField(blank=True, null=True)),
                ("received_until", models.TimeField(blank=True, null=True)),
                ("time_zone", models.CharField(default="UTC", max_length=64)),
                ("asks_commitment", models.BooleanField(default=False)),
                ("is_enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "destination",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="access.peer"),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="access.peer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Forward",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(blank=True, db_default="", default="", max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveIntegerField(db_default=0, default=0)),
                ("last_error", models.CharField(blank=True, db_default="", default="", max_length=300)),
                ("parked_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "commitment",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Not asked for"),
                            ("wanted", "Asked for when the instance is sent"),
                            ("asked", "Asked"),
                            ("committed", "Committed"),
                        ],
                        db_default="",
                        default="",
                        max_length=16,
                    ),
                ),
                (
                    "destination",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="access.peer"),
                ),
                (
                    "instance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="index.instance"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at__isnull", True)),
                        fields=["destination", "created_at", "id"],
                        name="forwarding_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("commitment__in", ["wanted", "asked"]), ("sent_at__isnull", False)),
                        fields=["destination", "sent_at"],
                        name="forwarding_uncommitted",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("destination", "instance"), name="forwarding_once_a_destination")
                ],
            },
        ),
    ]
