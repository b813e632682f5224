"""All bulk data of a study, series or instance in one answer (PS3.18 10.4.3.3.5, 10.4.3.3.6), part by part.

Which values there are is what the metadata refer to, so that each part's Content-Location is a BulkDataURI there. How
each is sent is settled before the answer begins, as its status tells whether all of them come; the values themselves
are read when it is their turn, so that an answer takes little memory however large it is.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import records, selectors
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.admission import Access
from dicomserver.dicomweb.answers import warning_of
from dicomserver.dicomweb.bulk_values import BulkValue, bulk_value
from dicomserver.dicomweb.deidentified.selectors import shown_series_states
from dicomserver.dicomweb.documents import Document, document, instance_document, state_of
from dicomserver.dicomweb.media import MULTIPART, OCTET_STREAM, Format, bulk_format, stored_frame_format
from dicomserver.dicomweb.multipart import LaterPart, counted, made_in_turn
from dicomserver.dicomweb.native_model import DicomJson
from dicomserver.dicomweb.negotiation import frame_format
from dicomserver.dicomweb.problems import Refused, absent, not_acceptable, unreadable
from dicomserver.dicomweb.reading import frame_parts
from dicomserver.dicomweb.selectors import BulkSource, Scope, StoredInstance
from dicomserver.dicomweb.storage import is_as_indexed, pieces, require_readable
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.metadata import prepare_metadata

_INSTANCES_AT_ONCE: Final = 100
_BETWEEN: Final = "/bulkdata/"
_SOME_MISSING: Final = "Some of the bulk data cannot be sent as is asked for, or cannot be read"

Paths = dict[str, list[str]]
"""The paths of the values by the address of their instance."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The values of one instance that are sent, with the form of each."""

    pk: int
    url: str
    values: tuple[tuple[str, Format], ...]


def address_of(access: Access, stored: StoredInstance, path: str) -> str:
    """The address of a value, as its reader knows the instance."""
    return f"{_url_of_instance(access, stored)}{_BETWEEN}{path}"


def every_value(
    request: HttpRequest,
    access: Access,
    scope: Scope,
    *,
    what: str,
    alone: Callable[..., HttpResponseBase],
    only: Collection[str] = (),
) -> HttpResponseBase:
    """The values of the scope, or those at the paths `only`. Raises Refused.

    `alone` answers with the value that is the only one, where its client takes no parts. 206 where some cannot be sent.
    """
    paths, is_complete = _paths(access, scope, only)
    wanted, left, last = _settled(request, access, scope, paths)
    if last is None:
        raise absent(what) if is_complete else unreadable()
    if wanted:
        response = made_in_turn(_parts(access, wanted))
        if left or not is_complete:
            response.status_code = 206
            response.headers["Warning"] = warning_of(_SOME_MISSING)
        return response
    if left == 1:
        (path,) = paths[_url_of_instance(access, last.stored)]
        return alone(last, path, location=address_of(access, last.stored, path))
    raise not_acceptable(f'None of the {what} can be sent as is asked for. Accept {MULTIPART}; type="{OCTET_STREAM}".')


def _settled(
    request: HttpRequest, access: Access, scope: Scope, paths: Paths
) -> tuple[list[_Wanted], int, BulkSource | None]:
    """What is sent, how many values are not, and the last instance that has any."""
    negotiation = _Negotiation(request)
    wanted, left, last = [], 0, None
    for last in _sources(access, scope, paths):
        url = _url_of_instance(access, last.stored)
        is_readable = is_as_indexed(last.stored)
        values = [(path, negotiation.form_of(last, path, access) if is_readable else None) for path in paths[url]]
        sent = tuple((path, form) for path, form in values if form is not None)
        left += len(values) - len(sent)
        if sent:
            wanted.append(_Wanted(last.stored.pk, url, sent))
    return wanted, left, last


class _Negotiation:
    """How values are sent to this client, worked out once for each kind."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._known: dict[tuple[bool, str, str], Format | None] = {}

    def form_of(self, source: BulkSource, path: str, access: Access) -> Format | None:
        """The form of the value; None where the client takes none that can be made."""
        value = bulk_value(source, path, access.disguise)
        if value is None:
            return None
        is_frames = value.frames is not None
        syntax = value.stored.transfer_syntax_uid if is_frames else value.transfer_syntax_uid
        kind = (is_frames, value.media_type, syntax)
        if kind not in self._known:
            self._known[kind] = self._negotiated(value, syntax)
        return self._known[kind]

    def _negotiated(self, value: BulkValue, syntax: str) -> Format | None:
        try:
            if value.frames is not None:
                # Two, as there are parts in any case.
                return frame_format(self._request, syntax, frames=2)
            return bulk_format(self._request, value.media_type, syntax, is_parted=True)
        except Refused:
            return None


def _paths(access: Access, scope: Scope, only: Collection[str]) -> tuple[Paths, bool]:
    """What the metadata refer to, and whether they tell of all instances."""
    disguise = access.disguise
    states = selectors.series_states(scope) if disguise is None else shown_series_states(scope)
    found: Document | None = None
    if states and scope.sop_instance_uid is None:
        found = document(scope, state_of(scope, states, disguise), disguise)
    elif states:
        found = instance_document(scope, disguise)
    if found is None:
        raise absent("instances")
    paths: Paths = {}
    for attributes in found.objects():
        for reference in _references(attributes):
            url, _, path = reference.partition(_BETWEEN)
            if not only or path in only:
                paths.setdefault(url, []).append(path)
    return paths, found.is_complete


def _references(attributes: DicomJson) -> Iterator[str]:
    """The BulkDataURI of every value, also within sequences."""
    for element in attributes.values():
        if "BulkDataURI" in element:
            yield element["BulkDataURI"]
        elif element["vr"] == "SQ":
            for item in element.get("Value", ()):
                yield from _references(item or {})


def _sources(access: Access, scope: Scope, paths: Paths) -> Iterator[BulkSource]:
    """The instances that have such values, in order."""
    # Metadata of a disguised study are made without those that tell where the values are.
    prepare_metadata(scope.instances(), configured_archive())
    pks = [one.pk for one in selectors.stored_instances(scope) if _url_of_instance(access, one) in paths]
    return _sources_of(pks)


def _sources_of(instance_pks: list[int]) -> Iterator[BulkSource]:
    """A few at a time, as some have large tables of frames."""
    for start in range(0, len(instance_pks), _INSTANCES_AT_ONCE):
        yield from selectors.bulk_sources(instance_pks[start : start + _INSTANCES_AT_ONCE])


def _parts(access: Access, wanted: list[_Wanted]) -> Iterator[LaterPart]:
    """The parts; each instance is noted as read before its first one."""
    by_pk = {one.pk: one for one in wanted}
    for source in _sources_of(list(by_pk)):
        one = by_pk[source.stored.pk]
        values = [(bulk_value(source, path, access.disguise), form) for path, form in one.values]
        require_readable(source.stored)
        frames = sum(value.frame_count for value, _ in values if value)
        records.reads.begin(access.reader, instance_pks=[one.pk], frames=frames)
        for value, form in values:
            if value is not None:
                yield from _parts_of(access, value, form, f"{one.url}{_BETWEEN}{value.path}")


def _parts_of(access: Access, value: BulkValue, form: Format, location: str) -> Iterator[LaterPart]:
    stored, sent = value.stored, partial(records.reads.add_bytes, access.reader)
    if value.frames is not None:
        for number in range(1, value.frames.count + 1):
            try:
                (part,) = frame_parts(stored, value.frames, [number], form)
            except Refused:
                # It cannot be made of this frame after all, which its type tells.
                (part,) = frame_parts(stored, value.frames, [number], stored_frame_format(stored.transfer_syntax_uid))
            yield LaterPart(part.content_type, counted(part.pieces(), sent), location)
        return
    content: Iterable[bytes] = (piece for span in value.spans for piece in pieces(stored, *span))
    if value.made is not None:
        made = value.made()
        if made is None:
            return
        content = (made,)
    yield LaterPart(form.content_type, counted(content, sent), location)


def _url_of_instance(access: Access, stored: StoredInstance) -> str:
    uids = (stored.series_instance_uid, stored.sop_instance_uid)
    shown = uids if access.disguise is None else map(access.disguise.uid, uids)
    return url_of(access.shown_study_instance_uid, *shown)
