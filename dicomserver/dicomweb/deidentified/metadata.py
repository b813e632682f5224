"""The cleaned metadata of a study, series or instance as DICOM JSON, instance by instance."""

import json
import logging
from collections.abc import Iterator

from dicomserver.dicomweb.addresses import url_of
from dicomserver.dicomweb.deidentified.cleaning import clean, stays_as_it_is
from dicomserver.dicomweb.deidentified.disguise import Disguise
from dicomserver.dicomweb.deidentified.files import opened_structure
from dicomserver.dicomweb.deidentified.objects import clean_object
from dicomserver.dicomweb.deidentified.profile import vr_of
from dicomserver.dicomweb.deidentified.selectors import ShownInstance, shown_instances
from dicomserver.dicomweb.objects import instance_object
from dicomserver.dicomweb.selectors import Scope, SeriesState
from dicomserver.ingest.dicom_json import bulk_table, data_set_json, read_held_back_sequences, with_addresses
from dicomserver.ingest.reading import PIXEL_TAGS

logger = logging.getLogger(__name__)


def cleaned_metadata(scope: Scope, disguise: Disguise) -> Iterator[tuple[str, SeriesState, bool]]:
    """Each shown instance's JSON object, the state of its series, and whether all of it could be read."""
    for shown in shown_instances(scope):
        try:
            yield _object(shown, disguise), shown.series, True
        except OSError as error:
            about = {"sop_instance_uid": shown.stored.sop_instance_uid, "reason": error.strerror}
            logger.error("No metadata can be read", extra=about)
            found = instance_object(disguise.study_instance_uid, shown.found)
            yield json.dumps(clean_object(found, disguise), ensure_ascii=False), shown.series, False


def is_sent_value(tag: str, vr: str, disguise: Disguise) -> bool:
    """Whether the value may be asked for by itself."""
    number = int(tag, 16)
    return number in PIXEL_TAGS or stays_as_it_is(number, vr, disguise.options)


def _object(shown: ShownInstance, disguise: Disguise) -> str:
    found = shown.stored
    url = url_of(*map(disguise.uid, (disguise.study_instance_uid, found.series_instance_uid, found.sop_instance_uid)))
    with opened_structure(shown) as structure:
        # Before the rest is cleaned: so that they are cleaned with it.
        read_held_back_sequences(structure)
        cleaned = data_set_json(clean(structure.ds, disguise), structure.encoding.little_endian)
        dicom_json = with_addresses(cleaned, url)
        bulk_data = bulk_table(structure)
        if structure.inflated and structure.pixel_data and structure.pixel_tag:
            # Which has no place in the file, but frames.
            bulk_data[f"{structure.pixel_tag:08X}"] = [structure.pixel_data.vr, 0, 0]
    references = "".join(
        f',"{tag}":' + _reference(f"{url}/bulkdata/{tag}", vr or vr_of(int(tag, 16), "OW"))
        for tag, (vr, *_) in sorted(bulk_data.items())
        if is_sent_value(tag, vr, disguise)
    )
    return f"{dicom_json[:-1]}{references}}}"


def _reference(url: str, vr: str) -> str:
    return json.dumps({"vr": vr, "BulkDataURI": url}, separators=(",", ":"))
