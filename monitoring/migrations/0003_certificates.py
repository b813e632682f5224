from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring", "0002_troubles"),
    ]

    operations = [
        migrations.AddField(
            model_name="serverstate",
            name="certificates",
            field=models.JSONField(default=list),
        ),
    ]
