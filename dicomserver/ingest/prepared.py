"""Values that only the instances' own data sets have, for answers about instances: of their prepared metadata."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from dicomserver.index.models import Instance, InstanceMetadata
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.metadata import prepare_metadata


def prepared_values(instance_pks: Sequence[int], tags: Collection[str] | None) -> dict[int, dict[str, dict[str, Any]]]:
    """Elements of DICOM JSON by instance and tag (eight hexadecimal digits), all of them where `tags` is None.

    What is not there, or too large to be held as metadata, is left out. Whatever is not prepared is prepared now.
    """
    instances = Instance.objects.filter(pk__in=instance_pks)
    prepare_metadata(instances, configured_archive())
    rows = InstanceMetadata.objects.filter(pk__in=instance_pks).values_list("pk", "dicom_json")
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for pk, dicom_json in rows.iterator(chunk_size=100):
        elements = json.loads(dicom_json).items()
        found[pk] = {
            tag: element for tag, element in elements if (tags is None or tag in tags) and not _has_bulk_data(element)
        }
    return found


def _has_bulk_data(element: dict[str, Any]) -> bool:
    """Whether something of it is elsewhere: such an address is worth something only in the metadata of the instance."""
    if element.get("vr") != "SQ":
        return "BulkDataURI" in element
    return any(_has_bulk_data(inner) for item in element.get("Value", []) for inner in (item or {}).values())
