from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="serverstate",
            name="troubles",
            field=models.JSONField(default=list),
        ),
    ]
