"""The last check of each watched machine."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("access", "0005_transfers"),
    ]

    operations = [
        migrations.CreateModel(
            name="EquipmentCheck",
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
                ("checked_at", models.DateTimeField()),
                ("is_reachable", models.BooleanField()),
                ("seconds", models.FloatField(blank=True, null=True)),
                ("reachable_at", models.DateTimeField(blank=True, null=True)),
                ("unreachable_since", models.DateTimeField(blank=True, null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=300)),
            ],
        ),
    ]
