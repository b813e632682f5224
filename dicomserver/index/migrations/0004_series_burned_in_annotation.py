"""Whether a series has instances that say of themselves that a name may be burned into their pixels."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("index", "0003_forget_metadata")]

    operations = [
        migrations.AddField(
            model_name="series",
            name="burned_in_annotation",
            field=models.CharField(blank=True, db_default="", default="", max_length=3),
        )
    ]
