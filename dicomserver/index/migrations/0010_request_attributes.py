"""Which requests a series answers; series that are there already get it with the next instance that says it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("index", "0009_cost_of_trigrams")]

    operations = [
        migrations.AddField(
            model_name="series",
            name="request_attributes",
            field=models.JSONField(blank=True, db_default=[], default=list),
        )
    ]
