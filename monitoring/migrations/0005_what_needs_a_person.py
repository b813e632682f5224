from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0004_forwarding_and_equipment"),
    ]

    operations = [
        migrations.AddField(
            model_name="serverstate",
            name="last_set_aside_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="serverstate",
            name="untold_commitments",
            field=models.JSONField(null=True),
        ),
    ]
