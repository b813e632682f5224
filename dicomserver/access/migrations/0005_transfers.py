"""Rows of viewing sessions say how a machine was sent a study."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0004_senders_may_store"),
    ]

    operations = [
        migrations.AddField(
            model_name="viewingsession",
            name="way",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
