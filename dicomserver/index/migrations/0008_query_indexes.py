"""Indexes for queries by attributes, built while the server works; texts are looked up by groups of three letters.

PostgreSQL's own extension for that (pg_trgm) is not everywhere: `index_trigrams` does what is needed of it.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

_FUNCTION = """
    CREATE OR REPLACE FUNCTION index_trigrams(text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
    $$ SELECT ARRAY(SELECT DISTINCT substr($1, n, 3) FROM generate_series(1, length($1) - 2) AS n) $$
"""
# Values longer than DICOM allows would be too long for an index: `query.searching` compares the same beginnings.
_INDEXES = {
    "index_study_folded": "index_study USING gin (index_trigrams(patient_name_folded), "
    "index_trigrams(study_description_folded), index_trigrams(referring_physician_name_folded))",
    "index_study_patient_id": "index_study (left(patient_id, 64) text_pattern_ops)",
    "index_study_accession": "index_study (left(accession_number, 64) text_pattern_ops)",
    "index_study_study_id": "index_study (left(study_id, 64) text_pattern_ops)",
    "index_study_other_ids": "index_study USING gin (other_patient_ids jsonb_path_ops)",
    "index_series_sop_classes": "index_series USING gin (sop_class_uids)",
}


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("index", "0007_fill_query_columns")]

    operations = [
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION index_trigrams(text)"),
        *(
            migrations.RunSQL(
                [f"DROP INDEX IF EXISTS {name}", f"CREATE INDEX CONCURRENTLY {name} ON {definition}"],
                f"DROP INDEX IF EXISTS {name}",
            )
            for name, definition in _INDEXES.items()
        ),
        AddIndexConcurrently("series", models.Index(fields=["series_instance_uid"], name="index_series_uid")),
        AddIndexConcurrently("series", models.Index(fields=["modality", "study"], name="index_series_modality")),
        AddIndexConcurrently(
            "study", models.Index(fields=["study_date", "study_time", "id"], name="index_study_moment")
        ),
        AddIndexConcurrently("study", models.Index(fields=["patient_key", "id"], name="index_study_patient")),
        AddIndexConcurrently("study", models.Index(fields=["patient_birth_date"], name="index_study_birth_date")),
        RemoveIndexConcurrently("study", "index_study_date"),
    ]
