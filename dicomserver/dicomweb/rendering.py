"""Answers of drawn pictures: one, one after the other in parts of one answer, or in motion; noted as read first."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dicomserver.dicomweb import records
from dicomserver.dicomweb.admission import Access
from dicomserver.dicomweb.caching import etag_of, is_unchanged, kept, unchanged
from dicomserver.dicomweb.multipart import LaterPart, made_in_turn
from dicomserver.dicomweb.pictures.asking import Wishes
from dicomserver.dicomweb.pictures.composing import animated
from dicomserver.dicomweb.pictures.services import DRAWN_AS, image_of, picture
from dicomserver.dicomweb.places import Place
from dicomserver.dicomweb.problems import absent, not_acceptable
from dicomserver.dicomweb.selectors import StoredInstance
from dicomserver.dicomweb.storage import require_readable
from dicomserver.index.frames import FrameNotFound
from dicomserver.transcoding.decoding import Undecodable

logger = logging.getLogger(__name__)

# A moving picture is put together in memory.
MAX_ANIMATED: Final = 300
MAX_ANIMATED_SAMPLES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Drawable:
    """One frame that is to be drawn."""

    place: Place
    frame: int

    def drawn(self, wishes: Wishes, media_type: str) -> bytes:
        """Its picture. Raises Undecodable, Refused, FrameNotFound and OSError."""
        table = self.place.frame_table
        if table is None:
            raise Undecodable("The instance has no pictures.")
        return picture(self.place.stored, table, self.frame, wishes=wishes, media_type=media_type)


def etag_for_picture(access: Access, stored: StoredInstance, kind: str, *parts: object) -> str:
    """A strong ETag for a picture of the instance."""
    return etag_of(stored.data_set_sha256, kind, DRAWN_AS, access.answered_for, *parts)


def one_picture(
    request: HttpRequest,
    access: Access,
    stored: StoredInstance,
    etag: str,
    media_type: str,
    draw: Callable[[], bytes],
    *,
    frames: int = 1,
) -> HttpResponseBase:
    """The picture, once it is noted as read; drawn only where the browser has not got it."""
    is_known = is_unchanged(request, etag)
    content = b""
    if not is_known:
        require_readable(stored)
        with told_if_undrawable():
            content = draw()
    records.reads.begin(access.reader, instance_pks=[stored.pk], frames=frames)
    if is_known:
        return unchanged(etag)
    records.reads.add_bytes(access.reader, len(content))
    return kept(HttpResponse(content, content_type=media_type), etag)


def many_pictures(access: Access, found: Iterable[Drawable], media_type: str, wishes: Wishes) -> HttpResponseBase:
    """Each picture as a part of one answer; what cannot be drawn is left out. Raises Refused where nothing can."""
    return made_in_turn(_parts(access, found, media_type, wishes), media_type)


def moving_picture(drawables: list[Drawable], wishes: Wishes, milliseconds: int) -> bytes:
    """Frames as a GIF. Raises Undecodable, Refused, FrameNotFound and OSError."""
    images, samples = [], 0
    for one in drawables[:MAX_ANIMATED]:
        table = one.place.frame_table
        if table is None:
            raise Undecodable("The instance has no pictures.")
        image = image_of(one.place.stored, table, one.frame, wishes=wishes)
        samples += image.width * image.height
        if len(drawables) > MAX_ANIMATED or samples > MAX_ANIMATED_SAMPLES:
            raise Undecodable("The moving picture would be too large; ask for some of its frames, or a viewport.")
        images.append(image)
    return animated(images, milliseconds)


@contextmanager
def told_if_undrawable() -> Iterator[None]:
    """Raise Refused where a picture cannot be drawn."""
    try:
        yield
    except Undecodable as error:
        raise not_acceptable(str(error)) from error
    except FrameNotFound as error:
        raise absent("frame") from error


def _parts(access: Access, found: Iterable[Drawable], media_type: str, wishes: Wishes) -> Iterator[LaterPart]:
    for one in found:
        stored = one.place.stored
        try:
            content = one.drawn(wishes, media_type)
        except (Undecodable, FrameNotFound, OSError) as error:
            about = {"sop_instance_uid": stored.sop_instance_uid, "reason": type(error).__name__}
            logger.warning("A frame is left out of an answer as it cannot be drawn", extra=about)
            continue
        records.reads.begin(access.reader, instance_pks=[stored.pk], frames=1)
        records.reads.add_bytes(access.reader, len(content))
        yield LaterPart(media_type, [content])
