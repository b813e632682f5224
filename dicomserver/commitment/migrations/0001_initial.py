"""Requests for storage commitment, received and made."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("access", "0004_senders_may_store"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReceivedRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("transaction_uid", models.CharField(max_length=64)),
                ("calling_ae_title", models.CharField(max_length=16)),
                ("called_ae_title", models.CharField(max_length=16)),
                ("remote_address", models.CharField(blank=True, default="", max_length=64)),
                ("references", models.JSONField()),
                ("result", models.JSONField(blank=True, null=True)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=300)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at__isnull", True)),
                        fields=["next_attempt_at"],
                        name="commitment_untold",
                    ),
                    models.Index(fields=["told_at"], name="commitment_told"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("calling_ae_title", "transaction_uid"), name="commitment_transaction_of_caller"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OwnRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("transaction_uid", models.CharField(max_length=64, unique=True)),
                ("references", models.JSONField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=300)),
                ("asked_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("committed", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("replaced_by", models.CharField(blank=True, default="", max_length=64)),
                (
                    "peer",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="access.peer"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("answered_at__isnull", True), ("replaced_by", "")),
                        fields=["next_attempt_at"],
                        name="commitment_unanswered",
                    ),
                    models.Index(fields=["answered_at"], name="commitment_answered"),
                ],
            },
        ),
    ]
