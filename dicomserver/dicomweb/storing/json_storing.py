"""Stores the instances of one DICOM JSON request, once it has come in full: any part of it may be referred to."""

from dicomserver.dicomweb.storing.body import Body, BodyTruncated
from dicomserver.dicomweb.storing.json_body import JsonBody
from dicomserver.dicomweb.storing.json_instances import NotAnInstance, Object, objects_of, part10_of
from dicomserver.dicomweb.storing.multipart import MultipartError, MultipartReader
from dicomserver.dicomweb.storing.results import CANNOT_UNDERSTAND, Failed
from dicomserver.dicomweb.storing.services import InstanceStore, store_parts, store_single


def store_json_body(
    body: Body, boundary: str | None, store: InstanceStore, address: str
) -> BodyTruncated | MultipartError | None:
    """Store what the body holds; returns why nothing of it is, if so. `address` is the request's own.

    Raises archive.ArchiveError where its bulk data finds no room.
    """
    with JsonBody(store.archive.incoming, address) as received:
        try:
            if boundary is None:
                store_single(body, received.open_part({}))
            else:
                store_parts(body, MultipartReader(boundary, received.open_part))
            objects = objects_of(received.metadata)
        except NotAnInstance as error:
            return MultipartError(str(error))
        except (BodyTruncated, MultipartError) as error:
            # An instance may lack what was still to come.
            return error
        received.metadata.clear()
        for json_object in objects:
            _store(json_object, received, store)
    return None


def _store(json_object: Object, received: JsonBody, store: InstanceStore) -> None:
    try:
        pieces = part10_of(json_object, received)
    except NotAnInstance as error:
        store.fail(Failed(CANNOT_UNDERSTAND, error.sop_class_uid, error.sop_instance_uid), str(error))
        return
    part = store.open_part({})
    try:
        for piece in pieces:
            part.write(piece)
    except BaseException:
        part.discard()
        raise
    part.finish()
