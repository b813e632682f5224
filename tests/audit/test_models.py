"""What is in the log stays there, whoever asks PostgreSQL to change it."""

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from audit.models import AuditEvent
from tests.audit.factories import make_event

pytestmark = pytest.mark.django_db

STATEMENTS = [
    "UPDATE audit_auditevent SET outcome = 'allowed'",
    "UPDATE audit_auditevent SET actor_name = 'x' WHERE id = -1",
    "DELETE FROM audit_auditevent",
    "DELETE FROM audit_auditevent WHERE id = -1",
    "TRUNCATE audit_auditevent",
    "TRUNCATE audit_auditevent CASCADE",
    "INSERT INTO audit_auditevent SELECT * FROM audit_auditevent ON CONFLICT (id) DO UPDATE SET outcome = 'denied'",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_change_in_sql_is_refused(statement):
    event = make_event()
    with pytest.raises(DatabaseError, match="audit events are append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert AuditEvent.objects.get().outcome == event.outcome == "allowed"


def test_trigger_also_fires_where_ordinary_ones_are_switched_off():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'audit_auditevent'::regclass")
        assert cursor.fetchall() == [("audit_append_only", "A")]


def test_owner_of_the_table_is_refused_too():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'audit_auditevent'")
        assert cursor.fetchone() == (True,)
    with pytest.raises(DatabaseError, match="audit events are append-only"), transaction.atomic():
        connection.cursor().execute("DELETE FROM audit_auditevent")


def test_change_by_the_models_is_refused():
    event = make_event()
    event.outcome = "denied"
    for change in (event.save, event.delete, AuditEvent.objects.all().delete):
        with pytest.raises(DatabaseError, match="audit events are append-only"), transaction.atomic():
            change()
    with pytest.raises(DatabaseError, match="audit events are append-only"), transaction.atomic():
        AuditEvent.objects.update(outcome="denied")
    assert AuditEvent.objects.get().outcome == "allowed"


def test_migration_goes_back_and_forth():
    call_command("migrate", "audit", "0001", verbosity=0)
    make_event()
    AuditEvent.objects.all().delete()
    call_command("migrate", "audit", verbosity=0)
    make_event()
    with pytest.raises(DatabaseError, match="audit events are append-only"), transaction.atomic():
        AuditEvent.objects.all().delete()


def test_table_refers_to_no_other():
    assert [field.name for field in AuditEvent._meta.get_fields() if field.is_relation] == []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint"
            " WHERE contype = 'f' AND 'audit_auditevent'::regclass IN (conrelid, confrelid)"
        )
        assert cursor.fetchone() == (0,)


def test_only_viewing_is_a_permission():
    assert AuditEvent._meta.default_permissions == ("view",)
    assert str(AuditEvent(id=7, action="signed_in")) == "event 7: signed_in"


def test_models_and_migrations_agree():
    call_command("makemigrations", "audit", check=True, dry_run=True, verbosity=0)
