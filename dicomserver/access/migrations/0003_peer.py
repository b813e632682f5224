"""Senders become peers: machines that may do more than store by HTTP."""

import django.contrib.postgres.fields
from django.db import migrations, models

_SERVICES = [
    ("store", "Store"),
    ("query", "Query"),
    ("retrieve", "Retrieve"),
    ("commitment", "Commitment"),
    ("worklist", "Worklist"),
    ("procedure_step", "Procedure Step"),
    ("delete", "Delete"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_sender"),
    ]

    operations = [
        migrations.RenameModel(old_name="Sender", new_name="Peer"),
        migrations.AlterField(
            model_name="peer",
            name="token_sha256",
            field=models.CharField(blank=True, max_length=64, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="peer", name="called_ae_title", field=models.CharField(blank=True, default="", max_length=16)
        ),
        migrations.AddField(
            model_name="peer",
            name="addresses",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="peer", name="certificate_sha256", field=models.CharField(blank=True, default="", max_length=64)
        ),
        migrations.AddField(
            model_name="peer",
            name="services",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=_SERVICES, max_length=16), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="peer", name="host", field=models.CharField(blank=True, default="", max_length=255)
        ),
        migrations.AddField(model_name="peer", name="port", field=models.PositiveIntegerField(default=104)),
        migrations.AddField(model_name="peer", name="uses_tls", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="peer", name="is_archive", field=models.BooleanField(default=False)),
        migrations.AddField(model_name="peer", name="is_watched", field=models.BooleanField(default=False)),
    ]
