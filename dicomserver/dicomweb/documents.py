"""The metadata of a series or study as one gzip file, prepared when it is quiet and good for exactly one revision.

A kept file begins with a digest of what it was made of, and with the lengths of the text and of the rest, which is sent
as it is. A file whose digest is not that of the index's present state is made again, so a stale one is never sent.
"""

import codecs
import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.metadata import cleaned_metadata
from dicomserver.dicomweb.objects import instance_object
from dicomserver.dicomweb.selectors import PreparedMetadata, Scope, SeriesState
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.cache import cache_folder, keep
from dicomserver.ingest.dicom_json import with_addresses
from dicomserver.ingest.encoding import DEFLATED
from dicomserver.ingest.metadata import prepare_metadata

# Part of the state: another way of writing metadata makes other documents.
WRITTEN_AS: Final = "4"
AVAILABLE_TRANSFER_SYNTAX_UID: Final = "00083002"
LEVEL: Final = 6
PIECE_BYTES: Final = 256 * 1024
PIXEL_DATA: Final = "7FE00010"
_GZIP: Final = 16 + zlib.MAX_WBITS
_HEAD: Final = struct.Struct("<32sQQ")


@dataclass(frozen=True, slots=True)
class Document:
    """DICOM JSON, compressed; an incomplete one has objects of which only the index could tell."""

    gzipped: bytes
    length: int
    is_complete: bool = True

    def text(self) -> bytes:
        """The JSON itself."""
        return zlib.decompress(self.gzipped, _GZIP, self.length)

    def pieces(self) -> Iterator[bytes]:
        """The JSON itself, piece by piece."""
        inflater = zlib.decompressobj(_GZIP)
        pending = self.gzipped
        while pending and not inflater.eof:
            yield inflater.decompress(pending, PIECE_BYTES)
            pending = inflater.unconsumed_tail

    def objects(self) -> Iterator[dict[str, Any]]:
        """The JSON's objects one by one, so that only one of them is in memory."""
        decoder, decoded = json.JSONDecoder(), codecs.getincrementaldecoder("utf-8")()
        text, enough = "", 0
        for piece in chain(self.pieces(), (b"",)):
            text += decoded.decode(piece)
            if piece and len(text) < enough:
                continue
            end = 0
            while (start := text.find("{", end)) >= 0:
                try:
                    found, end = decoder.raw_decode(text, start)
                except json.JSONDecodeError:
                    break
                yield found
            # What is not whole is read again when there is twice as much: a large object is not read many times.
            text = text[end:]
            enough = 2 * len(text)


def state_of(scope: Scope, series: tuple[SeriesState, ...], disguise: Disguise | None = None) -> bytes:
    """What a document of the scope is made of: another state or disguise, another document."""
    parts: tuple[object, ...] = (WRITTEN_AS, settings.DICOMWEB_PUBLIC_URL, scope, sorted(series))
    if disguise is not None:
        parts = (*parts, disguise.digest)
    return hashlib.sha256(repr(parts).encode()).digest()


def document(scope: Scope, state: bytes, disguise: Disguise | None = None) -> Document | None:
    """The metadata of the series or study; None where nothing is in it. Raises django.db.DatabaseError."""
    return _kept(scope, state, disguise) or _made(scope, disguise)


def prepare_document(scope: Scope, state: bytes) -> None:
    """Make the document if it is not there, so that requests find it."""
    if _kept(scope, state, None) is None:
        _made(scope, None)


def forget_document(scope: Scope) -> None:
    """Remove the kept document of a series or study, if there is one. Raises OSError."""
    _path_of(scope, None).unlink(missing_ok=True)


def instance_document(scope: Scope, disguise: Disguise | None = None) -> Document | None:
    """The metadata of one instance, which is made for each request."""
    return _written(scope, disguise)[0]


def _kept(scope: Scope, state: bytes, disguise: Disguise | None) -> Document | None:
    try:
        content = _path_of(scope, disguise).read_bytes()
    except OSError:
        return None
    if len(content) < _HEAD.size:
        return None
    known, length, packed_length = _HEAD.unpack_from(content)
    is_good = known == state and packed_length == len(content) - _HEAD.size
    return Document(content[_HEAD.size :], length) if is_good else None


def _made(scope: Scope, disguise: Disguise | None) -> Document | None:
    made, state = _written(scope, disguise)
    if made is not None and made.is_complete:
        head = _HEAD.pack(state, made.length, len(made.gzipped))
        keep(configured_archive(), _path_of(scope, disguise), head + made.gzipped)
    return made


def _written(scope: Scope, disguise: Disguise | None) -> tuple[Document | None, bytes]:
    """The document, and the state that it is of: rows and revisions are read in one statement."""
    packer = zlib.compressobj(LEVEL, wbits=_GZIP)
    packed, length, is_complete = [], 0, True
    series: set[SeriesState] = set()
    for json_object, state, is_whole in _objects(scope) if disguise is None else cleaned_metadata(scope, disguise):
        is_complete = is_complete and is_whole
        text = ("," if length else "[").encode() + json_object.encode()
        length += len(text)
        packed.append(packer.compress(text))
        series.add(state)
    if not length:
        return None, b""
    packed += [packer.compress(b"]"), packer.flush()]
    return Document(b"".join(packed), length + 1, is_complete), state_of(scope, tuple(series), disguise)


def _objects(scope: Scope) -> Iterator[tuple[str, SeriesState, bool]]:
    """Each instance's JSON object, the state of its series, and whether all of it could be read."""
    prepare_metadata(scope.instances(), configured_archive())
    for prepared in selectors.prepared_metadata(scope):
        yield _object(scope.study_instance_uid, prepared), prepared.series, prepared.dicom_json is not None


def _object(study_instance_uid: str, prepared: PreparedMetadata) -> str:
    if prepared.dicom_json is None:
        # It was taken in and is there: saying what the index knows is better than hiding it.
        return json.dumps(instance_object(study_instance_uid, prepared.found), ensure_ascii=False)
    found = prepared.found
    instance_url = url_of(study_instance_uid, found.series_instance_uid, found.sop_instance_uid)
    dicom_json = _without_transfer_syntax(with_addresses(prepared.dicom_json, instance_url))
    references = [_reference(instance_url, tag, place[0]) for tag, place in sorted(prepared.bulk_data.items())]
    if found.number_of_frames and found.transfer_syntax_uid in DEFLATED:
        # Which has no place in the file, but frames.
        references.append(_reference(instance_url, PIXEL_DATA, "OW"))
    added = ",".join([_transfer_syntax(found.transfer_syntax_uid), *references])
    separator = "" if dicom_json == "{}" else ","
    return f"{dicom_json[:-1]}{separator}{added}}}"


def _transfer_syntax(uid: str) -> str:
    """How the instance is kept here (PS3.18 Table 10.6.3-5), which is nothing that its data set could know."""
    value = json.dumps({"vr": "UI", "Value": [uid]}, separators=(",", ":"))
    return f'"{AVAILABLE_TRANSFER_SYNTAX_UID}":{value}'


def _without_transfer_syntax(dicom_json: str) -> str:
    """The JSON without what another archive once said of itself."""
    if f'"{AVAILABLE_TRANSFER_SYNTAX_UID}":' not in dicom_json:
        return dicom_json
    read = json.loads(dicom_json)
    read.pop(AVAILABLE_TRANSFER_SYNTAX_UID, None)
    return json.dumps(read, ensure_ascii=False, separators=(",", ":"))


def _reference(instance_url: str, tag: str, vr: object) -> str:
    value = json.dumps({"vr": vr or "UN", "BulkDataURI": f"{instance_url}/bulkdata/{tag}"}, separators=(",", ":"))
    return f'"{tag}":{value}'


def _path_of(scope: Scope, disguise: Disguise | None) -> Path:
    parts = scope if disguise is None else (scope, disguise.digest)
    name = hashlib.sha256(repr(parts).encode()).hexdigest()
    folder = "metadata" if disguise is None else "deidentified"
    return cache_folder() / folder / name[:2] / name[2:4] / name
