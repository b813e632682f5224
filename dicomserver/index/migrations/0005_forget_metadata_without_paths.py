"""Values within sequences have addresses now, and series previews: what was prepared without is made again."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forget_metadata(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alias = schema_editor.connection.alias
    apps.get_model("index", "InstanceMetadata").objects.using(alias).all().delete()
    apps.get_model("index", "Series").objects.using(alias).update(prepared_revision=0, pictured_revision=0)


class Migration(migrations.Migration):
    dependencies = [("index", "0004_series_burned_in_annotation")]

    operations = [migrations.RunPython(forget_metadata, forget_metadata)]
