"""A study or series as one ZIP with a DICOMDIR (PS3.10), which a client that lost its line takes up where it stopped.

As PS3.18 8.7.4 has it for `Accept: application/zip`, and under an address of its own for links and forms.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from dicomserver.dicomweb import records
from dicomserver.dicomweb.admission import READ_BY_FORM, Access, admitted
from dicomserver.dicomweb.caching import is_unchanged, kept, unchanged
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.files import file_part
from dicomserver.dicomweb.deidentified.metadata import cleaned_metadata
from dicomserver.dicomweb.deidentified.selectors import ShownInstance, shown_instances
from dicomserver.dicomweb.media import accepted_by
from dicomserver.dicomweb.multipart import Part
from dicomserver.dicomweb.problems import absent, problem, unreadable
from dicomserver.dicomweb.ranges import Unsatisfiable, wanted_range
from dicomserver.dicomweb.selectors import Scope
from dicomserver.exporting.archive_layout import ArchiveLayout
from dicomserver.exporting.contents import UNDATED, ExportedInstance, exports, name_of
from dicomserver.exporting.services import counted_pieces, stored_export
from dicomserver.ingest.archives import configured_archive
from wire import problems

logger = logging.getLogger(__name__)

ZIP: Final = "application/zip"


def asks_for_zip(request: HttpRequest) -> bool:
    """Whether a ZIP is what the client wants most."""
    accepted = accepted_by(request)
    return bool(accepted) and accepted[0].media_type == ZIP


@admitted("download", READ_BY_FORM)
def archive(request: HttpRequest, access: Access, series: str | None = None) -> HttpResponseBase:
    """The ZIP under its own address."""
    return zip_answer(request, access, series)


def zip_answer(request: HttpRequest, access: Access, series: str | None) -> HttpResponseBase:
    """The ZIP, or the part of it that is asked for. Raises Refused."""
    scope = Scope(access.study_instance_uid, series)
    try:
        name, layout, pks, frames = _export(scope, access.disguise)
    except OSError as error:
        logger.error("A study cannot be exported", extra={"reason": error.strerror})
        raise unreadable() from error
    etag = f'"{name[:32]}"'
    if is_unchanged(request, etag):
        records.reads.begin(access.reader, instance_pks=pks, frames=frames)
        return unchanged(etag)
    try:
        wanted = wanted_range(request, etag, layout.length)
    except Unsatisfiable:
        refused = problem(416, problems.REQUEST_INVALID, "Range not satisfiable", f"It has {layout.length} bytes.")
        refused.headers["Content-Range"] = f"bytes */{layout.length}"
        return refused
    start, length = wanted or (0, layout.length)
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(content_type=ZIP)
    else:
        records.reads.begin(access.reader, instance_pks=pks, frames=frames)
        sent = partial(records.reads.add_bytes, access.reader)
        response = StreamingHttpResponse(_logged(counted_pieces(name, layout, start, length, sent)), content_type=ZIP)
    if wanted:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{layout.length}"
    response.headers["Content-Length"] = str(length)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Content-Disposition"] = f'attachment; filename="{"series" if series else "study"}.zip"'
    return kept(response, etag)


def _export(scope: Scope, disguise: Disguise | None) -> tuple[str, ArchiveLayout, list[int], int]:
    """The ZIP's name and layout, and what the audit hears: instances and frames. Raises Refused and OSError."""
    if disguise is not None:
        return _disguised_export(scope, disguise)
    rows = list(scope.instances().select_related("series__study").defer("frame_table"))
    if not rows:
        raise absent("instances")
    name, layout = stored_export(rows, configured_archive())
    return name, layout, [row.pk for row in rows], sum(row.number_of_frames or 0 for row in rows)


def _disguised_export(scope: Scope, disguise: Disguise) -> tuple[str, ArchiveLayout, list[int], int]:
    shown = list(shown_instances(scope))
    if not shown:
        raise absent("instances")
    instances = [_disguised(one, disguise) for one in shown]
    name = name_of(instances, disguise.digest)
    cleaned = (dicom_json for dicom_json, _, _ in cleaned_metadata(scope, disguise))
    layout = exports.layout(name, instances, lambda: cleaned, is_deidentified=True)
    frames = sum(one.stored.number_of_frames or 0 for one in shown)
    return name, layout, [one.stored.pk for one in shown], frames


def _disguised(shown: ShownInstance, disguise: Disguise) -> ExportedInstance:
    def part() -> Part:
        return file_part(shown, disguise)

    return ExportedInstance(
        series=disguise.uid(shown.stored.series_instance_uid),
        digest=shown.stored.data_set_sha256,
        transfer_syntax_uid=shown.stored.transfer_syntax_uid,
        received_at=UNDATED,
        size=lambda: part().length,
        read=lambda start, length: _within(part().pieces(), start, length),
    )


def _within(pieces: Iterable[bytes], start: int, length: int) -> Iterator[bytes]:
    """The bytes from `start` on of pieces that can only be read from the first."""
    for piece in pieces:
        if length <= 0:
            return
        if start >= len(piece):
            start -= len(piece)
            continue
        found = piece[start : start + length]
        start, length = 0, length - len(found)
        yield found


def _logged(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces; where a file cannot be read the answer ends early, which its length shows, and the log says why."""
    try:
        yield from pieces
    except OSError as error:
        logger.error("An export broke off: a stored file cannot be read", extra={"reason": error.strerror})
        raise
