"""Asks an archive what a study is made of, so that the right things are offered to be sent."""

import logging
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pydicom.dataset import Dataset

from dicomserver.access.models import Peer
from dicomserver.elsewhere.answers import modalities_of
from dicomserver.elsewhere.models import Retrieval
from dicomserver.ingest.attributes import text
from dicomserver.scu import PeerUnreachable, ScuError, Timeouts, find
from wire.uids import InvalidUid, parse_uid

logger = logging.getLogger(__name__)

# One study is asked for by its UID; of its series so many show what there is.
_MAX_STUDIES: Final = 10
_MAX_SERIES: Final = 500
_MODALITY: Final = re.compile(r"[A-Z0-9_ ]{1,16}")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a study holds, as far as its archive says: UIDs of SOP classes, and modalities."""

    sop_classes: tuple[str, ...]
    modalities: tuple[str, ...]


def contents_of(peer: Peer, retrieval: Retrieval, *, timeouts: Timeouts, on_answer: Callable[[], None]) -> Contents:
    """Ask at STUDY level, and at SERIES level where that does not say. Raises PeerUnreachable, and as `on_answer`.

    SOP Classes in Study and Modalities in Study are optional keys (PS3.4 Table C.6-5); Modality of a series is not.
    An archive that cannot be asked is offered what is common.
    """
    modalities = tuple(retrieval.description.get("modalities") or ())
    try:
        sop_classes, told = _study(peer, retrieval.study_instance_uid, timeouts, on_answer)
        modalities = told or modalities
        if not sop_classes and not modalities:
            modalities = _series(peer, retrieval.study_instance_uid, timeouts, on_answer)
    except PeerUnreachable:
        raise
    except ScuError as error:
        logger.info("An archive does not say what a study holds: %s", error, extra={"peer": peer.name})
        sop_classes = ()
    return Contents(sop_classes, modalities)


def _study(
    peer: Peer, study_instance_uid: str, timeouts: Timeouts, on_answer: Callable[[], None]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    keys = Dataset()
    keys.StudyInstanceUID = study_instance_uid
    keys.SOPClassesInStudy = ""
    keys.ModalitiesInStudy = ""
    found: tuple[tuple[str, ...], tuple[str, ...]] = (), ()
    with closing(find(peer, keys, "STUDY", timeouts=timeouts)) as answers:
        for answer in islice(answers, _MAX_STUDIES):
            on_answer()
            if text(answer, "StudyInstanceUID") == study_instance_uid:
                found = _uids(text(answer, "SOPClassesInStudy")), modalities_of(answer)
    return found


def _series(peer: Peer, study_instance_uid: str, timeouts: Timeouts, on_answer: Callable[[], None]) -> tuple[str, ...]:
    keys = Dataset()
    keys.StudyInstanceUID = study_instance_uid
    keys.SeriesInstanceUID = ""
    keys.Modality = ""
    found: dict[str, None] = {}
    with closing(find(peer, keys, "SERIES", timeouts=timeouts)) as answers:
        for answer in islice(answers, _MAX_SERIES):
            on_answer()
            modality = text(answer, "Modality").strip()
            if _MODALITY.fullmatch(modality):
                found[modality] = None
    return tuple(found)


def _uids(values: str) -> tuple[str, ...]:
    """The UIDs among these values."""
    found = []
    for value in values.split("\\"):
        try:
            found.append(parse_uid(value.strip()))
        except InvalidUid:
            continue
    return tuple(dict.fromkeys(found))
