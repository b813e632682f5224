"""DICOM by TLS: who is let in by its certificate, what is negotiated, and that nothing is different behind it."""

import shutil
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from pynetdicom import AE, build_context
from pynetdicom.dimse_primitives import C_FIND
from pytest_django.fixtures import Settings

from dicomserver import tls
from dicomserver.access.peers import add_peer
from dicomserver.index.models import Instance
from dicomserver.scp.server import ScpServer
from dicomserver.scp.serving import Service
from dicomserver.tls import TlsError, certificate_ends, client_context, server_context
from tests.certificates import Authority, Certificate
from tests.dicomserver.objects import EXPLICIT, IMPLICIT, Sendable, sendable, small_ct
from tests.dicomserver.scp.hostile import wait_for
from tests.dicomserver.scp.test_associations import VERIFICATION
from tests.dicomserver.scp.test_negotiation import FIND, SERVICES
from tests.dicomserver.scp.test_serving import Finding, entity, identifier
from tests.dicomserver.sender import Sender, established

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def own(authority: Authority, settings: Settings) -> Certificate:
    """The server's certificate, set up; its clients must prove one of the same authority."""
    own = authority.issue("server")
    settings.DICOM_TLS_CERTIFICATE, settings.DICOM_TLS_KEY = str(own.certificate), str(own.key)
    settings.DICOM_TLS_CA, settings.DICOM_TLS_CLIENTS = str(authority.file), "required"
    return own


@pytest.fixture
def server(own: Certificate, start_scp: Callable[..., ScpServer]) -> ScpServer:
    return start_scp(tls_port=0, services=SERVICES)


def context(authority: Authority | None, certificate: Certificate | None) -> ssl.SSLContext:
    """How a client asks: believing an authority, or anybody, proving a certificate, or none."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    if authority is None:
        made.verify_mode = ssl.CERT_NONE
    else:
        made.load_verify_locations(authority.file)
    if certificate is not None:
        made.load_cert_chain(certificate.certificate, certificate.key)
    return made


def is_answered(port: int | None, made: ssl.SSLContext, calling: str = "MODALITY") -> bool:
    """Whether a C-ECHO by TLS is answered."""
    assert port
    ae = AE(ae_title=calling)
    ae.add_requested_context(VERIFICATION, IMPLICIT)
    with established(ae, port, tls=made) as assoc:
        return assoc.is_established and assoc.send_c_echo().Status == 0


def test_a_peer_with_a_certificate_stores_and_is_known_by_it(server: ScpServer, authority: Authority) -> None:
    mine = authority.issue("modality")
    add_peer("modality", ae_title="MODALITY", certificate_sha256=mine.sha256, services=["store"])
    what = sendable(small_ct(PixelData=b"\1" * 3_000_000, Rows=1500, Columns=1000))
    ae = AE(ae_title="MODALITY")
    ae.requested_contexts = [build_context(what.sop_class_uid, [EXPLICIT])]
    assert server.tls_port
    with established(ae, server.tls_port, tls=context(authority, mine)) as assoc:
        assert [Sender(assoc).send(what) for _ in range(3)] == [0, 0, 0]
    assert Instance.objects.get().sop_instance_uid == what.sop_instance_uid
    # Another good certificate is not the peer's; nor is none, on the port without TLS.
    assert not is_answered(server.tls_port, context(authority, authority.issue("modality")))
    with established(ae, server.port) as assoc:
        assert assoc.is_rejected


@pytest.mark.parametrize(
    ("clients", "good", "none", "wrong", "expired"),
    [
        ("required", True, False, False, False),
        ("optional", True, True, False, False),
        ("none", True, True, True, True),
    ],
)
def test_who_must_prove_a_certificate(
    server: ScpServer,
    authority: Authority,
    settings: Settings,
    tmp_path: Path,
    clients: str,
    good: bool,
    none: bool,
    wrong: bool,
    expired: bool,
) -> None:
    settings.DICOM_TLS_CLIENTS = clients
    certificates = [
        authority.issue("good"),
        None,
        Authority(tmp_path, "Other").issue("wrong"),
        authority.issue("expired", days=-1),
    ]
    answered = [is_answered(server.tls_port, context(authority, certificate)) for certificate in certificates]
    assert answered == [good, none, wrong, expired]


@pytest.mark.parametrize(
    ("version", "ciphers", "is_taken"),
    [
        (ssl.TLSVersion.TLSv1_3, None, True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384", True),
        (
            ssl.TLSVersion.TLSv1_2,
            "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:AES128-GCM-SHA256:AES128-SHA",
            False,
        ),
        (ssl.TLSVersion.TLSv1_2, "DHE-RSA-AES128-GCM-SHA256:NULL:eNULL", False),
        (ssl.TLSVersion.TLSv1_1, "DEFAULT", False),
        (ssl.TLSVersion.TLSv1, "DEFAULT", False),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_only_the_profile_of_bcp_195_is_spoken(
    server: ScpServer, authority: Authority, version: ssl.TLSVersion, ciphers: str | None, is_taken: bool
) -> None:
    made = context(authority, authority.issue("modality"))
    made.minimum_version = made.maximum_version = version
    if ciphers is not None:
        # Without its security level the library of the test's client would refuse by itself.
        made.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    assert is_answered(server.tls_port, made) is is_taken


def test_a_certificate_that_was_replaced_is_shown_to_the_next_caller(
    server: ScpServer, own: Certificate, authority: Authority
) -> None:
    def shown() -> bytes | None:
        made = context(authority, mine)
        connection = socket.create_connection(("127.0.0.1", server.tls_port or 0), timeout=10)
        with made.wrap_socket(connection) as secured:
            return secured.getpeercert(binary_form=True)

    mine = authority.issue("modality")
    first = shown()
    replaced = authority.issue("server", is_rsa=True)
    shutil.copy(replaced.certificate, own.certificate)
    # With half of the pair the old one stays in use.
    assert shown() == first
    shutil.copy(replaced.key, own.key)
    second = shown()
    assert second is not None
    assert second != first
    own.key.unlink()
    assert shown() == second


def test_an_authority_that_was_replaced_is_believed_at_once(
    server: ScpServer, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "Other")
    theirs, ours = context(authority, other.issue("theirs")), context(authority, authority.issue("ours"))
    assert [is_answered(server.tls_port, made) for made in (theirs, ours)] == [False, True]
    shutil.copy(other.file, tmp_path / "copy.pem")
    (tmp_path / "copy.pem").replace(authority.file)
    assert is_answered(server.tls_port, context(None, other.issue("theirs")))
    assert not is_answered(server.tls_port, context(None, authority.issue("ours")))


@pytest.mark.parametrize(
    "speech", [b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00\x00\x00\x00\xcd" + b"\0" * 64, b"\x16\x03\x01"]
)
def test_who_speaks_no_tls_disturbs_nobody(server: ScpServer, authority: Authority, speech: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.tls_port or 0), timeout=10) as silent:
        silent.sendall(speech)
        assert is_answered(server.tls_port, context(authority, authority.issue("modality")))
        if speech[0] != 0x16:
            with suppress(ConnectionError):
                while silent.recv(1024):
                    pass


def test_many_answers_and_a_cancel_cross_on_one_secured_association(
    own: Certificate, authority: Authority, start_scp: Callable[..., ScpServer]
) -> None:
    finding = Finding()
    query = Service("query", frozenset({FIND}), (C_FIND,), finding.serve)
    server = start_scp(tls_port=0, services=(query,))
    add_peer("pacs", ae_title="PACS", addresses=["127.0.0.1"], services=["query"])
    assert server.tls_port
    made = context(authority, authority.issue("pacs"))
    with established(entity(FIND), server.tls_port, tls=made) as assoc:
        answers = assoc.send_c_find(identifier("ENDLESS"), FIND, msg_id=3)
        assert [next(answers)[0].Status for _ in range(200)] == [0xFF00] * 200
        assoc.send_c_cancel(3, query_model=FIND)
        assert [status.Status for status, _ in answers][-1] == 0xFE00


def test_both_ports_serve_at_once(server: ScpServer, authority: Authority) -> None:
    objects = [sendable(small_ct(PixelData=b"\1" * 200_000, Rows=400, Columns=250)) for _ in range(8)]
    statuses: list[int] = []
    made = context(authority, authority.issue("modality"))

    def send(port: int, tls: ssl.SSLContext | None, mine: list[Sendable]) -> None:
        ae = AE(ae_title="MODALITY")
        ae.requested_contexts = [build_context(mine[0].sop_class_uid, [EXPLICIT])]
        with established(ae, port, tls=tls) as assoc:
            sending = Sender(assoc)
            statuses.extend(sending.send(what) for what in mine)

    runs = [partial(send, server.tls_port or 0, made, objects[:4]), partial(send, server.port, None, objects[4:])]
    threads = [threading.Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [0] * 8
    assert wait_for(lambda: Instance.objects.count() == 8)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DICOM_TLS_CERTIFICATE": ""}, "DICOM_TLS_CERTIFICATE is not set"),
        ({"DICOM_TLS_CERTIFICATE": "/nowhere/server.pem"}, "cannot be read"),
        ({"DICOM_TLS_KEY": ""}, "not a certificate and its own key"),
        ({"DICOM_TLS_CA": "/nowhere/ca.pem"}, "DICOM_TLS_CA"),
        ({"DICOM_TLS_CLIENTS": "sometimes"}, "DICOM_TLS_CLIENTS"),
    ],
)
def test_a_wrong_set_up_is_said_in_words(
    own: Certificate, settings: Settings, changes: dict[str, str], words: str
) -> None:
    for name, value in changes.items():
        setattr(settings, name, value)
    with pytest.raises(TlsError, match=words):
        server_context()


def test_what_asks_others_proves_itself_and_checks_them(
    server: ScpServer, authority: Authority, settings: Settings, tmp_path: Path
) -> None:
    def answer(host: str) -> str:
        try:
            connection = socket.create_connection(("127.0.0.1", server.tls_port or 0), timeout=10)
            with client_context().wrap_socket(connection, server_hostname=host) as secured:
                return secured.version() or ""
        except ssl.SSLCertVerificationError as error:
            return error.verify_message

    assert answer("127.0.0.1") == "TLSv1.3"
    assert "mismatch" in answer("other.example").lower()
    settings.DICOM_TLS_CA = str(Authority(tmp_path, "Other").file)
    assert "unable to get local issuer" in answer("127.0.0.1")


def test_the_ends_of_certificates_are_known_the_next_in_front(
    own: Certificate, authority: Authority, settings: Settings
) -> None:
    ends = certificate_ends()
    assert [(end.purpose, end.subject) for end in ends] == [
        ("dicom_tls", "CN=server"),
        ("dicom_tls_ca", "CN=Authority"),
    ]
    assert ends[0].not_after == own.not_after
    settings.DICOM_TLS_CERTIFICATE = str(own.key)
    assert [end.purpose for end in certificate_ends()] == ["dicom_tls_ca"]
    settings.DICOM_TLS_CERTIFICATE = settings.DICOM_TLS_CA = ""
    assert certificate_ends() == []
    assert tls.CLIENTS["required"] == ssl.CERT_REQUIRED
