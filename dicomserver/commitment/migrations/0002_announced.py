"""A received request remembers that its instances were announced."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("commitment", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="receivedrequest",
            name="is_announced",
            field=models.BooleanField(default=False),
        ),
    ]
