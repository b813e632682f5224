"""Tells PostgreSQL what `index_trigrams` costs where an index answers it: little more than the comparison beside it."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("index", "0008_query_indexes")]

    operations = [
        migrations.RunSQL("ALTER FUNCTION index_trigrams(text) COST 5", "ALTER FUNCTION index_trigrams(text) COST 100")
    ]
