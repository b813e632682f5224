"""WADO-RS metadata (PS3.18 10.4.1.1.2) from what was prepared at ingest: text is joined, nothing is parsed."""

import json
import re
from typing import Any, Final

from django.http import HttpRequest, HttpResponseBase

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.admission import Access, admitted
from dicomserver.dicomweb.answers import json_answer
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.media import DICOM_JSON, require_acceptable
from dicomserver.dicomweb.problems import absent
from dicomserver.dicomweb.selectors import PreparedMetadata, Scope

_GZIP: Final = re.compile(r"(^|[\s,])(gzip|\*)\s*(;\s*q=(1(\.0*)?|0\.0*[1-9][0-9]*))?\s*(,|$)")


@admitted("view")
def metadata(
    request: HttpRequest, access: Access, series: str | None = None, instance: str | None = None
) -> HttpResponseBase:
    """The attributes of all instances of a study or series, or of one; bulky values by reference."""
    require_acceptable(request, DICOM_JSON, "application/json")
    scope = Scope(access.claims.study_instance_uid, series, instance)
    revision = selectors.study_revision(scope.study_instance_uid)
    is_gzipped = _GZIP.search(request.headers.get("Accept-Encoding", "")) is not None
    etag = etag_of(scope, revision, is_gzipped)
    if revision is not None and is_unchanged(request, etag):
        return unchanged(etag)
    objects = [_object(scope.study_instance_uid, one) for one in selectors.prepared_metadata(scope)]
    if not objects:
        raise absent("instances")
    return kept(json_answer(f"[{','.join(objects)}]", is_gzipped=is_gzipped), etag)


def _object(study_instance_uid: str, prepared: PreparedMetadata) -> str:
    if not prepared.bulk_data:
        return prepared.dicom_json
    instance_url = url_of(study_instance_uid, prepared.series_instance_uid, prepared.sop_instance_uid)
    references = ",".join(_reference(instance_url, tag, place[0]) for tag, place in sorted(prepared.bulk_data.items()))
    separator = "" if prepared.dicom_json == "{}" else ","
    return f"{prepared.dicom_json[:-1]}{separator}{references}}}"


def _reference(instance_url: str, tag: str, vr: Any) -> str:
    value = json.dumps({"vr": vr or "UN", "BulkDataURI": f"{instance_url}/bulkdata/{tag}"}, separators=(",", ":"))
    return f'"{tag}":{value}'
