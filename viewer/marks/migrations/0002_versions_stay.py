"""Has PostgreSQL refuse every change to a version of a mark: what was said once stays said."""

from django.db import migrations

# Versions go only with the study or the grant that they hang on.
CREATE = """
CREATE FUNCTION marks_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of marks are append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'Add another version instead.';
END
$$;
CREATE TRIGGER marks_append_only BEFORE UPDATE ON marks_markversion
    FOR EACH STATEMENT EXECUTE FUNCTION marks_refuse_change();
ALTER TABLE marks_markversion ENABLE ALWAYS TRIGGER marks_append_only;
"""
DROP = """
DROP TRIGGER marks_append_only ON marks_markversion;
DROP FUNCTION marks_refuse_change();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies = [("marks", "0001_marks")]

    operations = [migrations.RunSQL(CREATE, DROP)]
