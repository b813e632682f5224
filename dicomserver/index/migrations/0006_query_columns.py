"""What queries look at: folded texts, the patient's key, SOP classes of a series, start of the performed step.

The columns come with defaults of the database, so that large tables are not written anew; 0007 fills them.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


def _text() -> "models.TextField[str, str]":
    return models.TextField(blank=True, db_default="", default="")


class Migration(migrations.Migration):
    dependencies = [("index", "0005_forget_metadata_without_paths")]

    operations = [
        migrations.AddField(
            model_name="study",
            name="patient_key",
            field=models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
        migrations.AddField(model_name="study", name="patient_name_folded", field=_text()),
        migrations.AddField(model_name="study", name="referring_physician_name_folded", field=_text()),
        migrations.AddField(model_name="study", name="study_description_folded", field=_text()),
        migrations.AddField(model_name="study", name="institution_name_folded", field=_text()),
        migrations.AddField(model_name="series", name="performed_procedure_step_start_date", field=_text()),
        migrations.AddField(model_name="series", name="performed_procedure_step_start_time", field=_text()),
        migrations.AddField(model_name="series", name="series_description_folded", field=_text()),
        migrations.AddField(model_name="series", name="protocol_name_folded", field=_text()),
        migrations.AddField(
            model_name="series",
            name="sop_class_uids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64), blank=True, db_default=[], default=list, size=None
            ),
        ),
    ]
