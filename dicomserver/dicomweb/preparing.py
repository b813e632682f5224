"""What is prepared of an instance, made now where it is missing."""

from typing import Any

from dicomserver.dicomweb import selectors
from dicomserver.dicomweb.selectors import BulkSource, Scope
from dicomserver.index.models import Instance
from dicomserver.ingest.archives import configured_archive
from dicomserver.ingest.metadata import prepare_metadata

Places = dict[str, list[Any]]


def metadata_of(instance_pk: int) -> tuple[str, Places] | None:
    """One instance's DICOM JSON, and where in its file its bulk values are; None where its file cannot be read."""
    found = selectors.metadata_of(instance_pk)
    if found is None:
        prepare_metadata(Instance.objects.filter(pk=instance_pk), configured_archive())
        found = selectors.metadata_of(instance_pk)
    return found


def instance_with_bulk_data(scope: Scope) -> BulkSource | None:
    """One instance and where in its file its bulk values are; None where it is not here."""
    found = selectors.instance_with_bulk_data(scope)
    if found is not None and found.places is None:
        prepare_metadata(scope.instances(), configured_archive())
        found = selectors.instance_with_bulk_data(scope)
    return found
