"""Throws away what was prepared of instances that were deleted: nothing would ask for it, but it shows them."""

import contextlib
from collections.abc import Iterable
from typing import Any

from dicomserver.deleting.models import Deletion
from dicomserver.dicomweb.documents import forget_document
from dicomserver.dicomweb.pictures.services import forget_pictures
from dicomserver.dicomweb.selectors import Scope
from dicomserver.index.models import Instance, Series


def forget_deleted(deletion: Deletion, series: Iterable[Series], instances: Iterable[Instance], **_kwargs: Any) -> None:
    """Receive `deleting.signals.instances_deleted`."""
    study = deletion.study_instance_uid
    with contextlib.suppress(OSError):
        forget_document(Scope(study))
        for one in series:
            forget_document(Scope(study, one.series_instance_uid))
        for instance in instances:
            forget_pictures(instance.data_set_sha256, instance.pk)
