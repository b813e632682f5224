"""What is prepared of a series is worth something for its revision; the index itself answers a search for instances."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("index", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="instance",
            name="bits_allocated",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="series",
            name="pictured_revision",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="series",
            name="prepared_revision",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="series",
            name="revision",
            field=models.BigIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="series",
            index=models.Index(
                condition=models.Q(("prepared_revision__lt", models.F("revision"))),
                fields=["revision"],
                name="index_series_unprepared",
            ),
        ),
        migrations.AddIndex(
            model_name="series",
            index=models.Index(
                condition=models.Q(("pictured_revision__lt", models.F("revision"))),
                fields=["revision"],
                name="index_series_unpictured",
            ),
        ),
    ]
