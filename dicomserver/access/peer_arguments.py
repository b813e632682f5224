"""The arguments by which commands describe a peer."""

import hashlib
import re
import ssl
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from dicomserver.access.models import RetrieveBy, Service
from dicomserver.access.peers import PeerError

_SHA256: Final = re.compile(r"[0-9A-Fa-f:]{64,95}")
_PEM_BEGINS: Final = b"-----BEGIN CERTIFICATE-----"


def add_peer_arguments(parser: ArgumentParser) -> None:
    """What is said of a peer; what is not said is left out of the values."""
    parser.add_argument("name", help="a name of your choice, under which the log speaks of it")
    parser.add_argument("--ae-title", help="its own AE title")
    parser.add_argument("--called-ae-title", help="the AE title by which it must call this server")
    parser.add_argument(
        "--address",
        action="append",
        dest="addresses",
        help='an IP address or network that it may come from; may be repeated ("" for any)',
    )
    parser.add_argument(
        "--certificate", help='its certificate, as a file or as SHA-256, which it must prove by TLS ("" for none)'
    )
    parser.add_argument(
        "--services", help=f"what it may do here, with commas between: {', '.join(Service.values)}; none for nothing"
    )
    parser.add_argument("--host", help="the host on which it listens for DICOM")
    parser.add_argument("--port", type=int, help="and the port, 104 unless given")
    parser.add_argument(
        "--retrieve-by",
        choices=RetrieveBy.values,
        help="how a study is fetched from it: move (unless given), or get where it cannot reach this server",
    )
    for name, help_text in (
        ("tls", "it listens by TLS"),
        ("archive", "ask it when a study is looked for elsewhere"),
        ("watch", "ask it regularly by C-ECHO whether it is there"),
    ):
        parser.add_argument(f"--{name}", action="store_true", default=None, help=help_text)
        parser.add_argument(f"--no-{name}", action="store_false", dest=name, help="not that")


def peer_values(options: dict[str, Any]) -> dict[str, Any]:
    """The fields of a peer that the options speak of. Raises PeerError."""
    values = {field: options[field] for field in ("ae_title", "called_ae_title", "host", "port", "retrieve_by")}
    values |= {"uses_tls": options["tls"], "is_archive": options["archive"], "is_watched": options["watch"]}
    if options["addresses"] is not None:
        values["addresses"] = [address for address in options["addresses"] if address]
    if options["certificate"] is not None:
        values["certificate_sha256"] = _digest_of(options["certificate"])
    if options["services"] is not None:
        words = [word.strip() for word in options["services"].split(",")]
        values["services"] = [word for word in words if word not in ("", "none")]
    return {field: value for field, value in values.items() if value is not None}


def _digest_of(certificate: str) -> str:
    if not certificate or _SHA256.fullmatch(certificate):
        return certificate
    try:
        content = Path(certificate).read_bytes()
        start = content.find(_PEM_BEGINS)
        der = content if start < 0 else ssl.PEM_cert_to_DER_cert(content[start:].decode("ascii"))
    except (OSError, ValueError) as error:
        raise PeerError(f"{certificate!r} is neither a SHA-256 nor a file with a certificate.") from error
    return hashlib.sha256(der).hexdigest()
