"""A new portal gets its first institution and its first people from the command line."""

import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.institutions.models import Institution

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_the_first_administrator_is_made(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    assert run("create_institution", "nistru", "Nistru Clinical Hospital", "Nistru Clinical") == "nistru"
    assert run("create_person", "victor", "institution_administrator", "nistru", "--last-name", "Ciobanu") == "victor"
    person = User.objects.get()
    assert person.check_password("a long enough password")
    assert person.has_perm("institutions.manage_people")
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id) == ("role_given", "system:create_person")


@pytest.mark.parametrize("password", ["short", "", "102030405060"])
def test_a_weak_password_makes_nobody(monkeypatch, password: str) -> None:
    Institution.objects.create(code="nistru", name="Nistru", short_name="Nistru")
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    with pytest.raises(CommandError):
        run("create_person", "victor", "auditor", "nistru")
    assert not User.objects.exists()


def test_an_unknown_institution_is_said(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    with pytest.raises(CommandError, match="There is no institution 'x'"):
        run("create_person", "victor", "auditor", "x")


def test_a_taken_name_is_said(monkeypatch) -> None:
    Institution.objects.create(code="nistru", name="Nistru", short_name="Nistru")
    User.objects.create(username="Victor")
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough password\n"))
    with pytest.raises(CommandError, match="There is a person 'victor' already"):
        run("create_person", "victor", "auditor", "nistru")
