"""dcmtk by TLS: good, foreign, expired and no certificate, what is too old or too weak, and a certificate replaced."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from tests.certificates import Authority, Certificate
from tests.demonstration import Demonstration, Server, free_port
from tests.interop.dcmtk import dcmtk, tool_path
from tests.interop.files import write_slice

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class SecureNode:
    """A receiving process that speaks TLS, and the authority that it believes."""

    server: Server
    port: int
    plain_port: int
    authority: Authority
    own: Certificate
    log: Path

    def call(self, tool: str, *options: str, files: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run a tool of dcmtk against it."""
        target = ("-aet", "TLSTEST", "-aec", self.server.ae_title, self.server.host, str(self.port))
        return dcmtk(tool, *options, *target, *files)

    def trusting(self, certificate: Certificate | None) -> tuple[str, ...]:
        """Options: believe the server's authority, and prove a certificate, or none."""
        own = ("+tla",) if certificate is None else ("+tls", str(certificate.key), str(certificate.certificate))
        return (*own, "+cf", str(self.authority.file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


def secure_node(demonstration: Demonstration, folder: Path, clients: str) -> Iterator[SecureNode]:
    """Such a process, for as long as it is asked for."""
    authority = Authority(folder)
    own, server, port = authority.issue("server"), demonstration.server("A"), free_port()
    settings = {
        "DICOM_TLS_PORT": str(port),
        "DICOM_TLS_CERTIFICATE": str(own.certificate),
        "DICOM_TLS_KEY": str(own.key),
        "DICOM_TLS_CA": str(authority.file),
        "DICOM_TLS_CLIENTS": clients,
    }
    with demonstration.another_scp(server, folder, **settings) as plain_port:
        yield SecureNode(server, port, plain_port, authority, own, folder / "scp.log")


@pytest.fixture(scope="module")
def mutual(demonstration: Demonstration, folder: Path) -> Iterator[SecureNode]:
    """Who connects must prove a certificate."""
    yield from secure_node(demonstration, folder, "required")


@pytest.fixture(scope="module")
def one_way(demonstration: Demonstration, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureNode]:
    """Who connects is not asked for a certificate."""
    yield from secure_node(demonstration, tmp_path_factory.mktemp("one-way"), "none")


def test_echoscu_and_storescu_with_a_good_certificate_are_served(mutual: SecureNode, tmp_path: Path) -> None:
    good = mutual.trusting(mutual.authority.issue("modality"))
    answer = mutual.call("echoscu", *good)
    assert answer.returncode == 0, answer.stderr
    path = tmp_path / "slice.dcm"
    ds = write_slice(path)
    sent = mutual.call("storescu", *good, files=(str(path),))
    assert sent.returncode == 0, sent.stderr
    kept = next(file for file in mutual.server.archived_files if file.stem == ds.SOPInstanceUID)
    assert pydicom.dcmread(kept).PixelData == ds.PixelData


def test_dcmtk_with_no_wrong_or_expired_certificate_is_refused(mutual: SecureNode, folder: Path) -> None:
    certificates = {
        "none": None,
        "foreign": Authority(folder, "Foreign").issue("modality"),
        "expired": mutual.authority.issue("expired", days=-1),
    }
    answered = {
        name: mutual.call("echoscu", *mutual.trusting(certificate)).returncode == 0
        for name, certificate in certificates.items()
    }
    assert answered == {"none": False, "foreign": False, "expired": False}
    said = mutual.log.read_text()
    assert "PEER_DID_NOT_RETURN_A_CERTIFICATE" in said
    assert "CERTIFICATE_VERIFY_FAILED" in said


def test_dcmtk_refuses_a_server_that_its_own_authority_did_not_sign(one_way: SecureNode, folder: Path) -> None:
    believing = ("+tla", "+cf", str(Authority(folder, "Another").file))
    answer = one_way.call("echoscu", *believing)
    assert answer.returncode != 0
    assert "certificate verify failed" in answer.stderr.lower()


def test_without_asking_for_certificates_everybody_is_served_who_believes_the_server(one_way: SecureNode) -> None:
    answer = one_way.call("echoscu", *one_way.trusting(None))
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("profile", ["+py", "+px", "+pz"])
def test_the_profiles_of_bcp_195_are_served(mutual: SecureNode, profile: str) -> None:
    good = mutual.trusting(mutual.authority.issue("modality"))
    answer = mutual.call("echoscu", *good, profile)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    "profile",
    [
        # Retired by PS3.15: ciphers without forward secrecy, and none at all.
        ("+pn",),
        ("+pa", "+cs", "TLS_RSA_WITH_AES_128_CBC_SHA"),
    ],
)
def test_the_retired_profiles_are_refused(mutual: SecureNode, profile: tuple[str, ...]) -> None:
    good = mutual.trusting(mutual.authority.issue("modality"))
    assert mutual.call("echoscu", *good, *profile).returncode != 0


@pytest.mark.parametrize(
    ("options", "is_served"),
    [
        (("-tls1_3",), True),
        (("-tls1_2",), True),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"), True),
        (("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0"), False),
        (("-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA:@SECLEVEL=0"), False),
        (("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"), False),
        (("-tls1", "-cipher", "ALL:@SECLEVEL=0"), False),
    ],
)
def test_openssl_gets_no_old_version_and_no_weak_cipher(
    one_way: SecureNode, options: tuple[str, ...], is_served: bool
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    result = subprocess.run(
        [
            openssl,
            "s_client",
            "-connect",
            f"127.0.0.1:{one_way.port}",
            "-CAfile",
            str(one_way.authority.file),
            *options,
        ],
        input="",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ("Verify return code: 0 (ok)" in result.stdout and "Cipher is (NONE)" not in result.stdout) is is_served


def test_a_certificate_replaced_on_the_disk_is_served_to_the_next_association(
    demonstration: Demonstration, tmp_path: Path
) -> None:
    for node in secure_node(demonstration, tmp_path, "required"):
        good = node.trusting(node.authority.issue("modality"))
        assert node.call("echoscu", *good).returncode == 0
        # Of an authority that the tool does not believe: that it refuses the server shows which one is served.
        replaced = Authority(tmp_path, "Replacement").issue("server")
        for old, new in ((node.own.certificate, replaced.certificate), (node.own.key, replaced.key)):
            shutil.copy(new, old)
        assert "certificate verify failed" in node.call("echoscu", *good).stderr.lower()
        again = node.authority.issue("server")
        time.sleep(0.01)
        for old, new in ((node.own.certificate, again.certificate), (node.own.key, again.key)):
            shutil.copy(new, old)
        assert node.call("echoscu", *good).returncode == 0


def test_a_peer_is_known_by_its_certificate(demonstration: Demonstration, mutual: SecureNode) -> None:
    mine, other = mutual.authority.issue("pinned"), mutual.authority.issue("other")
    demonstration.manage(
        mutual.server, "add_peer", "pinned", "--ae-title", "PINNED", "--certificate", str(mine.certificate)
    )
    try:
        target = ("-aet", "PINNED", "-aec", mutual.server.ae_title, mutual.server.host)
        by_tls = {
            name: dcmtk("echoscu", *mutual.trusting(certificate), *target, str(mutual.port))
            for name, certificate in (("own", mine), ("other", other))
        }
        assert by_tls["own"].returncode == 0, by_tls["own"].stderr
        assert "Calling AE Title Not Recognized" in by_tls["other"].stderr
        plain = dcmtk("echoscu", *target, str(mutual.server.dicom_port))
        assert "Calling AE Title Not Recognized" in plain.stderr
    finally:
        demonstration.manage(mutual.server, "remove_peer", "pinned")


def test_what_dcmtk_moves_is_sent_to_a_storescp_by_tls(
    demonstration: Demonstration, mutual: SecureNode, tmp_path: Path
) -> None:
    path, sink, port = tmp_path / "slice.dcm", mutual.authority.issue("sink"), free_port()
    ds = write_slice(path)
    good = mutual.trusting(mutual.authority.issue("modality"))
    assert mutual.call("storescu", *good, files=(str(path),)).returncode == 0
    listens = ("--host", "127.0.0.1", "--port", str(port), "--tls")
    asks = ("--ae-title", "TLSTEST", "--address", "127.0.0.1", "--services", "store,query,retrieve")
    demonstration.manage(mutual.server, "add_peer", "tls sink", *asks, *listens)
    (tmp_path / "sink").mkdir()
    receiver = subprocess.Popen(
        [
            tool_path("storescp"),
            "+xa",
            *mutual.trusting(sink),
            "-aet",
            "TLSTEST",
            "-od",
            str(tmp_path / "sink"),
            str(port),
        ]
    )
    try:
        keys = ("-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={ds.StudyInstanceUID}")
        # This tool itself speaks no TLS; what it asks for goes out by TLS.
        titles = ("-aet", "TLSTEST", "-aec", mutual.server.ae_title, "-aem", "TLSTEST")
        moved = dcmtk("movescu", *keys, *titles, mutual.server.host, str(mutual.plain_port))
        assert moved.returncode == 0, moved.stderr
        (got,) = (tmp_path / "sink").iterdir()
        assert pydicom.dcmread(got).PixelData == ds.PixelData
    finally:
        receiver.terminate()
        receiver.wait(10)
        demonstration.manage(mutual.server, "remove_peer", "tls sink")
