"""Has PostgreSQL refuse every change to the audit log, whoever asks for it."""

from django.db import migrations

# Statement triggers fire before any row is looked at, so even a change of nothing is refused; ALWAYS
# also holds where `session_replication_role` switches ordinary triggers off.
CREATE = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation',
              HINT = 'Record another event instead.';
END
$$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_auditevent ENABLE ALWAYS TRIGGER audit_append_only;
"""
DROP = """
DROP TRIGGER audit_append_only ON audit_auditevent;
DROP FUNCTION audit_refuse_change();
"""


class Migration(migrations.Migration):
    """Adds the trigger."""

    dependencies = [("audit", "0001_audit_events")]

    operations = [migrations.RunSQL(CREATE, DROP)]
