"""What the machines of before were allowed to do is what they are allowed to do now: to store."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def let_senders_store(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Everybody who is in the table now came in as a sender."""
    apps.get_model("access", "Peer").objects.update(services=["store"])


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0003_peer"),
    ]

    operations = [migrations.RunPython(let_senders_store, migrations.RunPython.noop)]
