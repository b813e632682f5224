"""DICOM Servers with real keys for tests."""

from datetime import timedelta
from uuid import uuid4

import factory
from django.utils import timezone

from audit.actors import SystemActor
from portal.servers.models import DicomServer
from portal.servers.services import create_enrolment_code
from tests.portal.institutions.factories import InstitutionFactory
from wire.credentials import sign_request
from wire.enrolments import Enrolment
from wire.keys import generate_key, public_key_text, thumbprint
from wire.routes import ENROLMENTS

TESTER = SystemActor("tester")


class DicomServerFactory(factory.django.DjangoModelFactory):
    """An enrolled server; the instance that the factory returns has its `private_key`."""

    class Meta:
        model = DicomServer
        exclude = ["key"]

    key = factory.LazyFunction(generate_key)
    institution = factory.SubFactory(InstitutionFactory)
    name = factory.Sequence(lambda number: f"Archive {number}")
    ae_title = "NISTRU"
    dicom_host = "127.0.0.1"
    dicom_port = 11112
    dicomweb_url = "http://127.0.0.1:8001/dicomweb"
    public_key = factory.LazyAttribute(lambda server: public_key_text(server.key))
    enrolled_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    version = "0.1.0"

    @classmethod
    def _generate(cls, strategy, params):
        key = params.setdefault("key", generate_key())
        server = super()._generate(strategy, params)
        server.private_key = key
        return server


def authorization_of(server, path, body, **changes) -> str:
    """The header with which `server` signs one request."""
    values = {
        "private_key": server.private_key,
        "issuer": str(server.pk),
        "method": "POST",
        "path": path,
        "body": body,
        "now": timezone.now(),
    }
    return sign_request(**{**values, **changes})


def post_signed(client, server, path, body, **changes):
    """POST `body` as `server` signs it."""
    return client.post(
        path,
        body,
        content_type="application/json",
        headers={"Authorization": authorization_of(server, path, body, **changes)},
    )


def make_code(institution=None, server_name="Nistru archive", **changes) -> str:
    """The text of a fresh enrolment code."""
    return create_enrolment_code(
        actor=TESTER, institution=institution or InstitutionFactory(), server_name=server_name, **changes
    )[1]


def make_enrolment(code, key, **changes) -> Enrolment:
    """The message of a server that enrols with `code`."""
    values = {
        "message_id": uuid4(),
        "code": code,
        "public_key": public_key_text(key),
        "ae_title": "NISTRU",
        "dicomweb_url": "https://dicom.nistru.example/dicomweb",
        "dicom_host": "dicom.nistru.example",
        "dicom_port": 11112,
        "version": "0.1.0",
    }
    return Enrolment(**{**values, **changes})


def enrolment_authorization(key, body, **changes) -> str:
    """The header of an enrolment: signed with the key that it brings."""
    values = {
        "private_key": key,
        "issuer": thumbprint(key),
        "method": "POST",
        "path": ENROLMENTS,
        "body": body,
        "now": timezone.now(),
    }
    return sign_request(**{**values, **changes})
