"""Finding studies in remote archives and fetching them: what the portal's page "Find elsewhere" asks for."""

import threading
from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from pydantic import BaseModel, ConfigDict, Field

from dicomserver.access import peers
from dicomserver.dicomweb.errands.admission import Errand, on_errand
from dicomserver.dicomweb.errands.bodies import answer, body_as
from dicomserver.dicomweb.problems import Refused, absent
from dicomserver.elsewhere import retrievals, searching, selectors
from dicomserver.elsewhere.asking import words_of
from dicomserver.elsewhere.errors import ElsewhereError, NoSuchArchive, NotFoundElsewhere, TooManySearches
from dicomserver.elsewhere.models import UNDER_WAY, Retrieval, Search
from dicomserver.elsewhere.tellings import Person
from dicomserver.elsewhere.words import MAX_ARCHIVES, Words
from dicomserver.scu import ScuError, Timeouts, echo
from wire import problems
from wire.text import ShortId
from wire.uids import Uid

_ECHO: Final = Timeouts(connect=3.0, association=5.0, response=5.0)
# Each holds a thread of this process until the archive has answered.
_MAX_ECHOES: Final = 4
_echoes: Final = threading.BoundedSemaphore(_MAX_ECHOES)

_PROBLEMS: Final[dict[type[ElsewhereError], tuple[int, str, str]]] = {
    NoSuchArchive: (404, problems.NOT_FOUND, "No such archive"),
    NotFoundElsewhere: (404, problems.NOT_FOUND, "Not found"),
    TooManySearches: (429, problems.TOO_MANY_REQUESTS, "Too many searches"),
}


class SearchOrder(Words):
    """A search, in the archives of these names; in all without any."""

    archives: Annotated[tuple[ShortId, ...], Field(max_length=MAX_ARCHIVES)] = ()


class RetrievalOrder(BaseModel):
    """A study that a search found, and the archive to fetch it from."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    search: UUID
    study_instance_uid: Uid
    archive: ShortId


@on_errand("find_elsewhere")
def archives(_request: HttpRequest, _errand: Errand) -> HttpResponseBase:
    """The archives that are asked."""
    listed = [{"name": peer.name, "ae_title": peer.ae_title} for peer in peers.archives()]
    return answer({"archives": listed})


@on_errand("find_elsewhere")
def archive(_request: HttpRequest, _errand: Errand, *, name: str) -> HttpResponseBase:
    """One archive, and whether it answers (C-ECHO)."""
    peer = next((peer for peer in peers.archives() if peer.name == name), None)
    if peer is None:
        raise absent("archive")
    document = {"name": peer.name, "ae_title": peer.ae_title}
    if not _echoes.acquire(blocking=False):
        raise Refused(503, problems.UNAVAILABLE, "Busy", "Others are being asked whether they answer. Try again.")
    try:
        seconds = echo(peer, timeouts=_ECHO)
    except ScuError as error:
        return answer(document | {"answers": False, "detail": words_of(error)})
    finally:
        _echoes.release()
    return answer(document | {"answers": True, "detail": "", "milliseconds": round(seconds * 1000)})


@on_errand("find_elsewhere", methods=("POST",))
def searches(request: HttpRequest, errand: Errand) -> HttpResponseBase:
    """Begin a search."""
    order = body_as(request, SearchOrder)
    words = Words(**order.model_dump(exclude={"archives"}))
    with _Refusing():
        search = searching.begin_search(person=_person(errand), words=words, archives=order.archives)
    return answer(_search(search), status=201, location=f"/elsewhere/searches/{search.pk}")


@on_errand("find_elsewhere", methods=("GET", "HEAD", "DELETE"))
def search(request: HttpRequest, errand: Errand, *, search_id: UUID) -> HttpResponseBase:
    """What was found so far, or the wish to wait no longer. Nobody sees another's search."""
    with _Refusing():
        if request.method == "DELETE":
            searching.stop_search(sub=errand.sub, search_id=search_id)
            return HttpResponse(status=204)
        return answer(_search(selectors.search_of(errand.sub, search_id)))


@on_errand("find_elsewhere", methods=("GET", "HEAD", "POST"))
def all_retrievals(request: HttpRequest, errand: Errand) -> HttpResponseBase:
    """What the institution's radiologists had fetched lately; or have a study fetched."""
    if request.method != "POST":
        return answer({"retrievals": [_retrieval(row, errand) for row in selectors.recent_retrievals()]})
    order = body_as(request, RetrievalOrder)
    with _Refusing():
        row = retrievals.begin_retrieval(
            person=_person(errand),
            search_id=order.search,
            study_instance_uid=order.study_instance_uid,
            archive=order.archive,
        )
    return answer(_retrieval(row, errand), status=201, location=f"/elsewhere/retrievals/{row.pk}")


@on_errand("find_elsewhere", methods=("GET", "HEAD", "DELETE"))
def retrieval(request: HttpRequest, errand: Errand, *, retrieval_id: UUID) -> HttpResponseBase:
    """How far it is; or stop it, which leaves what has arrived."""
    with _Refusing():
        if request.method == "DELETE":
            retrievals.stop_retrieval(retrieval_id)
            return HttpResponse(status=204)
        return answer(_retrieval(selectors.retrieval_by_id(retrieval_id), errand))


@on_errand("find_elsewhere", methods=("POST",))
def again(_request: HttpRequest, errand: Errand, *, retrieval_id: UUID) -> HttpResponseBase:
    """Order again what failed or was stopped."""
    with _Refusing():
        row = retrievals.repeat_retrieval(person=_person(errand), retrieval_id=retrieval_id)
    return answer(_retrieval(row, errand), status=201, location=f"/elsewhere/retrievals/{row.pk}")


class _Refusing:
    """Turns what stands in the way into a problem."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ElsewhereError):
            status, code, title = _PROBLEMS.get(type(error), (409, problems.REQUEST_INVALID, "Not now"))
            raise Refused(status, code, title, str(error)) from error


def _person(errand: Errand) -> Person:
    return Person(errand.sub, errand.session_id, errand.token_id, errand.remote_address)


def _search(search: Search) -> dict[str, Any]:
    asked = selectors.archives_of(search)
    return {
        "id": str(search.pk),
        "words": search.words,
        "created_at": search.created_at.isoformat(),
        "is_under_way": any(row.state in {"waiting", "asking"} for row in asked),
        "archives": [
            {"name": row.archive, "state": row.state, "detail": row.detail, "studies": row.studies} for row in asked
        ],
        "studies": [
            {
                "study_instance_uid": study.study_instance_uid,
                **study.description,
                "archives": [{"name": place.archive, "instances": place.instances} for place in study.places],
                "held": study.held,
                "missing": study.missing,
            }
            for study in selectors.studies_of(search)
        ],
    }


def _retrieval(row: Retrieval, errand: Errand) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "study_instance_uid": row.study_instance_uid,
        **row.description,
        "archive": row.archive,
        "is_mine": row.sub == errand.sub,
        "state": row.state,
        "is_under_way": row.state in UNDER_WAY,
        "is_stopping": row.is_to_stop and row.state in UNDER_WAY,
        "is_stop_told": row.stop_told_at is not None,
        "detail": row.detail,
        "expected": row.expected,
        "held_before": row.held_before,
        "arrived": row.arrived,
        "completed": row.completed,
        "failed": row.failed,
        "remaining": row.remaining,
        "attempts": row.attempts,
        "created_at": row.created_at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
    }
