from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0003_certificates"),
    ]

    operations = [
        migrations.AddField(
            model_name="serverstate",
            name="forwarding",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="serverstate",
            name="equipment",
            field=models.JSONField(default=list),
        ),
    ]
