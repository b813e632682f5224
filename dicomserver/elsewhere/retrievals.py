"""Retrievals as a person orders them: begun from what a search found, stopped, tried again; kept going, forgotten."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from dicomserver.elsewhere.errors import NotFoundElsewhere, NothingToRepeat
from dicomserver.elsewhere.models import UNDER_WAY, Fetching, Match, Retrieval
from dicomserver.elsewhere.tellings import Person, tell_of_retrieval
from dicomserver.index.selectors import study_by_uid

# A process that fetches writes its row each second or so; longer silence means that it is gone.
LOST_AFTER: Final = timedelta(seconds=60)
MAX_ATTEMPTS: Final = 5
KEEP_RETRIEVALS: Final = timedelta(days=14)


def begin_retrieval(*, person: Person, search_id: UUID, study_instance_uid: str, archive: str) -> Retrieval:
    """Have the archive send a study that the person's search found there; one that is under way is returned.

    Raises NotFoundElsewhere.
    """
    found = Match.objects.filter(
        asked__search_id=search_id,
        asked__search__sub=person.sub,
        asked__archive=archive,
        study_instance_uid=study_instance_uid,
    ).first()
    if found is None:
        raise NotFoundElsewhere("The search did not find this study in that archive. Search again.")
    study = study_by_uid(study_instance_uid)
    try:
        with transaction.atomic():
            retrieval = Retrieval.objects.create(
                sub=person.sub,
                session_id=person.session_id,
                token_id=person.token_id,
                remote_address=person.remote_address,
                archive=archive,
                study_instance_uid=study_instance_uid,
                description=found.description,
                expected=found.number_of_instances,
                held_before=study.number_of_instances if study else 0,
            )
    except IntegrityError:
        under_way = Retrieval.objects.filter(
            archive=archive, study_instance_uid=study_instance_uid, state__in=UNDER_WAY
        )
        retrieval = under_way.get()
    return retrieval


def stop_retrieval(retrieval_id: UUID) -> None:
    """Have it end; what has arrived stays. Harmless where it is over. Raises NotFoundElsewhere."""
    with transaction.atomic():
        row = _locked(retrieval_id)
        row.is_to_stop = True
        row.save(update_fields=["is_to_stop"])
        if row.state == Fetching.WAITING:
            _end(row, Fetching.STOPPED, "")


def repeat_retrieval(*, person: Person, retrieval_id: UUID) -> Retrieval:
    """Order again what failed or was stopped. Raises NotFoundElsewhere and NothingToRepeat."""
    try:
        with transaction.atomic():
            row = _locked(retrieval_id)
            if row.state not in (Fetching.FAILED, Fetching.STOPPED):
                raise NothingToRepeat("This study is on its way, or here already.")
            again = Retrieval.objects.create(
                sub=person.sub,
                session_id=person.session_id,
                token_id=person.token_id,
                remote_address=person.remote_address,
                archive=row.archive,
                study_instance_uid=row.study_instance_uid,
                description=row.description,
                expected=row.expected,
                held_before=row.held_before,
            )
            row.delete()
    except IntegrityError as error:
        raise NothingToRepeat("This study is on its way, or here already.") from error
    return again


def resume_retrievals() -> None:
    """Let what a process that is gone left in the middle wait for another one."""
    now = timezone.now()
    lost = Retrieval.objects.filter(state=Fetching.RUNNING, seen_at__lt=now - LOST_AFTER)
    with transaction.atomic():
        for row in lost.select_for_update(skip_locked=True).order_by("pk"):
            if row.attempts >= MAX_ATTEMPTS:
                _end(row, Fetching.FAILED, "It was begun several times, and ended each time before it was done.")
                continue
            row.state, row.seen_at = Fetching.WAITING, now
            row.save(update_fields=["state", "seen_at"])


def waiting_retrievals() -> list[UUID]:
    """Those that nobody has begun yet, the oldest first."""
    return list(Retrieval.objects.filter(state=Fetching.WAITING).order_by("created_at").values_list("pk", flat=True))


def forget_retrievals() -> None:
    """Delete what ended long ago."""
    Retrieval.objects.filter(ended_at__lt=timezone.now() - KEEP_RETRIEVALS).delete()


def _locked(retrieval_id: UUID) -> Retrieval:
    row = Retrieval.objects.select_for_update().filter(pk=retrieval_id).first()
    if row is None:
        raise NotFoundElsewhere("There is no such retrieval.")
    return row


def _end(row: Retrieval, state: Fetching, detail: str) -> None:
    row.state, row.detail, row.ended_at = state, detail, timezone.now()
    row.save(update_fields=["state", "detail", "ended_at"])
    tell_of_retrieval(row)
