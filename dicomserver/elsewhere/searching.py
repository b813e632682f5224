"""A person's search in remote archives: begun, told to the audit, stopped, forgotten."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from dicomserver.access import peers
from dicomserver.elsewhere.asking import LONGEST, ask_in_threads
from dicomserver.elsewhere.errors import NoSuchArchive, NotFoundElsewhere, TooManySearches
from dicomserver.elsewhere.models import Asked, AskedArchive, Search
from dicomserver.elsewhere.tellings import Person, tell_of_search
from dicomserver.elsewhere.words import MAX_ARCHIVES, Words

MAX_UNDER_WAY: Final = 5
# What archives told about patients is kept for so long.
KEEP_SEARCHES: Final = timedelta(hours=12)


def begin_search(*, person: Person, words: Words, archives: Sequence[str] = ()) -> Search:
    """Ask the archives of these names, or all, each in a thread of its own; tell the audit.

    Raises NoSuchArchive, TooManySearches and identity.IdentityError.
    """
    known = {peer.name: peer for peer in peers.archives()}
    if not known:
        raise NoSuchArchive("This server knows no other archive yet.")
    if any(name not in known for name in archives):
        raise NoSuchArchive("This server knows no such archive.")
    names = list(dict.fromkeys(archives))[:MAX_ARCHIVES] or list(known)[:MAX_ARCHIVES]
    now = timezone.now()
    with transaction.atomic():
        under_way = AskedArchive.objects.filter(
            search__sub=person.sub, state__in=(Asked.WAITING, Asked.ASKING), due_at__gt=now
        )
        if under_way.values("search").distinct().count() >= MAX_UNDER_WAY:
            raise TooManySearches("Several of your searches are still under way. Wait for one to end, or stop it.")
        search = Search.objects.create(sub=person.sub, words=words.given(), created_at=now)
        asked = AskedArchive.objects.bulk_create(
            [AskedArchive(search=search, archive=name, due_at=now + LONGEST) for name in names]
        )
        tell_of_search(person, words, names)
        transaction.on_commit(lambda: ask_in_threads([(row.pk, known[row.archive]) for row in asked], words))
    return search


def stop_search(*, sub: str, search_id: UUID) -> None:
    """Ask no further; what was found stays. Raises NotFoundElsewhere."""
    now = timezone.now()
    if not Search.objects.filter(pk=search_id, sub=sub).update(stopped_at=now):
        raise NotFoundElsewhere("There is no such search.")
    AskedArchive.objects.filter(search_id=search_id, state__in=(Asked.WAITING, Asked.ASKING)).update(
        state=Asked.STOPPED
    )


def forget_searches() -> None:
    """Delete searches of yesterday with all that was found."""
    Search.objects.filter(created_at__lt=timezone.now() - KEEP_SEARCHES).delete()
