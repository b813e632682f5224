"""Certificates for tests: an authority, and what it signs, good, expired or of another authority."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, in files of PEM."""

    certificate: Path
    key: Path
    sha256: str
    not_after: datetime


class Authority:
    """Signs certificates for 127.0.0.1; `file` is its own certificate."""

    def __init__(self, folder: Path, name: str = "Authority") -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._number = 0
        self.file = folder / f"{name}.pem"
        now = datetime.now(UTC)
        built = (
            _builder(name, name, self._key, now - timedelta(days=400), now + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.file.write_bytes(built.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *, days: float = 365, is_rsa: bool = False) -> Certificate:
        """A certificate that ends in so many days, or ended as many days ago."""
        self._number += 1
        key: Key = (
            rsa.generate_private_key(public_exponent=65537, key_size=2048)
            if is_rsa
            else ec.generate_private_key(ec.SECP256R1())
        )
        now = datetime.now(UTC).replace(microsecond=0)
        not_after = now + timedelta(days=days)
        built = (
            _builder(name, self._name, key, now - timedelta(days=399), not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName(
                    [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
                ),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        stem = self._folder / f"{self._name}-{name}-{self._number}"
        files = stem.with_suffix(".pem"), stem.with_suffix(".key")
        files[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Certificate(*files, built.fingerprint(hashes.SHA256()).hex(), not_after)


def _builder(name: str, issuer: str, key: Key, not_before: datetime, not_after: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
