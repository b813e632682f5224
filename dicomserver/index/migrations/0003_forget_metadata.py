"""Places of bulky values now count from the start of the data set: rows that count from the file's are made again."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def forget_metadata(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("index", "InstanceMetadata").objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):
    dependencies = [("index", "0002_series_revision")]

    operations = [migrations.RunPython(forget_metadata, forget_metadata)]
