"""A server enrols once with a code that is kept as a digest, ends by itself, and tells its holder nothing else."""

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditEvent
from portal.servers.models import DicomServer, EnrolmentCode
from portal.servers.services import EnrolmentCodeInvalid, create_enrolment_code, enrol_server, record_contact
from tests.portal.institutions.factories import InstitutionFactory
from tests.portal.servers.factories import TESTER, DicomServerFactory, make_code, make_enrolment
from wire.keys import generate_key, public_key_text


@pytest.mark.django_db
def test_a_code_is_shown_once_and_kept_as_a_digest() -> None:
    institution = InstitutionFactory(short_name="Nistru Clinical")
    code, text = create_enrolment_code(actor=TESTER, institution=institution, server_name="Nistru archive")
    assert len(text) == 19
    assert set(text) <= set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ-")
    assert text not in str(EnrolmentCode.objects.filter(pk=code.pk).values())
    assert code.expires_at - code.created_at == timedelta(hours=24)
    event = AuditEvent.objects.get()
    assert (event.action, event.institution) == ("enrolment_code_made", "Nistru Clinical")
    assert text not in str(event.details)


@pytest.mark.django_db
def test_codes_differ() -> None:
    assert len({make_code() for _ in range(20)}) == 20


@pytest.mark.django_db
def test_a_server_enrols_into_the_institution_of_its_code() -> None:
    institution, key = InstitutionFactory(short_name="Nistru Clinical"), generate_key()
    enrolment = make_enrolment(make_code(institution), key, ae_title=" NISTRU ")
    server = enrol_server(enrolment=enrolment, remote_address="10.20.4.17", request_id="7f3c")
    assert DicomServer.objects.get() == server
    assert (server.institution, server.name, server.ae_title) == (institution, "Nistru archive", "NISTRU")
    assert server.public_key == public_key_text(key)
    assert (server.dicomweb_url, server.dicom_host) == ("https://dicom.nistru.example/dicomweb", "dicom.nistru.example")
    assert not server.is_reachable(timezone.now())
    event = AuditEvent.objects.get(action="server_enrolled")
    assert (event.actor_id, event.remote_address) == (f"server:{server.pk}", "10.20.4.17")
    assert event.server_id == str(server.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("typing", [str.lower, lambda text: text.replace("-", ""), lambda text: f" {text} "])
def test_how_a_code_is_typed_does_not_matter(typing) -> None:
    assert enrol_server(enrolment=make_enrolment(typing(make_code()), generate_key()))


@pytest.mark.django_db
def test_a_code_lets_in_one_server() -> None:
    code = make_code()
    enrol_server(enrolment=make_enrolment(code, generate_key()))
    with pytest.raises(EnrolmentCodeInvalid):
        enrol_server(enrolment=make_enrolment(code, generate_key()))
    assert DicomServer.objects.count() == 1


@pytest.mark.django_db
def test_a_lost_answer_is_given_again_to_the_same_key() -> None:
    code, key = make_code(), generate_key()
    first = enrol_server(enrolment=make_enrolment(code, key))
    assert enrol_server(enrolment=make_enrolment(code, key)) == first
    assert DicomServer.objects.count() == 1
    assert AuditEvent.objects.filter(action="server_enrolled").count() == 1


@pytest.mark.django_db
def test_a_disabled_server_does_not_come_back_with_its_old_code() -> None:
    code, key = make_code(), generate_key()
    server = enrol_server(enrolment=make_enrolment(code, key))
    DicomServer.objects.filter(pk=server.pk).update(disabled_at=timezone.now())
    with pytest.raises(EnrolmentCodeInvalid):
        enrol_server(enrolment=make_enrolment(code, key))


@pytest.mark.django_db
def test_a_key_proves_one_server() -> None:
    key = generate_key()
    enrol_server(enrolment=make_enrolment(make_code(), key))
    with pytest.raises(EnrolmentCodeInvalid):
        enrol_server(enrolment=make_enrolment(make_code(), key))
    assert DicomServer.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["AAAA-AAAA-AAAA-AAAA", "----", "' OR ''='", "😀"])
def test_an_unknown_code_lets_nobody_in(code: str) -> None:
    make_code()
    with pytest.raises(EnrolmentCodeInvalid):
        enrol_server(enrolment=make_enrolment(code, generate_key()))
    assert not DicomServer.objects.exists()


@pytest.mark.django_db
def test_a_code_ends_by_itself() -> None:
    code = make_code()
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)), pytest.raises(EnrolmentCodeInvalid):
        enrol_server(enrolment=make_enrolment(code, generate_key()))
    assert not DicomServer.objects.exists()


def test_a_code_used_twice_at_once_lets_in_one_server(at_once) -> None:
    code = make_code()

    def enrol():
        try:
            return enrol_server(enrolment=make_enrolment(code, generate_key()))
        except EnrolmentCodeInvalid:
            return None

    assert len([server for server in at_once(*[enrol] * 6) if server]) == 1
    assert DicomServer.objects.count() == 1


@pytest.mark.django_db
def test_a_contact_is_remembered_and_an_older_one_is_not() -> None:
    server, now = DicomServerFactory(), timezone.now()
    record_contact(server=server, at=now, version="0.2.0")
    record_contact(server=server, at=now - timedelta(seconds=5), version="0.1.0")
    server.refresh_from_db()
    assert (server.last_contact_at, server.version) == (now, "0.2.0")
    assert server.is_reachable(now + timedelta(seconds=44))
    assert not server.is_reachable(now + timedelta(seconds=45))


@pytest.mark.django_db
def test_the_command_prints_a_code_that_works() -> None:
    institution, out = InstitutionFactory(), io.StringIO()
    call_command("create_enrolment_code", institution.code, "Nistru archive", stdout=out)
    server = enrol_server(enrolment=make_enrolment(out.getvalue().strip(), generate_key()))
    assert (server.institution, server.name) == (institution, "Nistru archive")
    with pytest.raises(CommandError, match="There is no institution 'x'"):
        call_command("create_enrolment_code", "x", "Nistru archive", stdout=out)
