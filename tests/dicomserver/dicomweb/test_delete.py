"""DELETE by DICOMweb: by machines with the service and people on that errand; readers meet nothing afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from dicomserver.access.peers import add_peer, known_peers
from dicomserver.archive import Archive
from dicomserver.deleting.models import Deletion
from dicomserver.dicomweb.documents import _path_of as document_path
from dicomserver.dicomweb.preparation import prepare_metadata
from dicomserver.dicomweb.selectors import Scope
from dicomserver.identity import Identity
from dicomserver.index.models import Instance
from dicomserver.ingest.cache import cache_folder
from tests.dicomserver.dicomweb.reading import WebReader, path_of, refused_events, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import files_below, small_ct
from tests.dicomserver.portal_double import PortalDouble
from wire import errands

pytestmark = pytest.mark.django_db(transaction=True)


def delete(path: str, token: str | None, **headers: str) -> Any:
    values = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().delete(path, headers=values | headers)


def machine(*services: str) -> str:
    token = add_peer("cleaner", has_token=True, services=list(services)).token
    known_peers.forget()
    return str(token)


def errand_token(portal: PortalDouble, study: str, errand: errands.ErrandName = "delete") -> str:
    claims = errands.new_claims(
        iss="portal.test",
        aud=str(portal.server_id),
        sub="admin-1",
        sid="session-1",
        errand=errand,
        now=datetime.now(UTC),
        study_instance_uid=study,
    )
    return errands.issue(claims, portal.signing_key, portal.kid)


@pytest.mark.parametrize("path", [study_path_of, series_path_of, path_of])
def test_a_machine_with_the_service_deletes_at_each_level(reader: WebReader, take_in: TakeIn, path: Any) -> None:
    instance, token = take_in(small_ct()), machine("delete")
    assert reader.get(f"{path_of(instance)}/frames/1").status_code == 200
    response = delete(path(instance), token, Reason="Test")
    assert (response.status_code, response.content) == (204, b"")
    deletion = Deletion.objects.get()
    assert (deletion.deleted_by, deletion.reason, deletion.remote_address) == ("cleaner", "Test", "127.0.0.1")
    for address in (f"{path_of(instance)}/frames/1", f"{study_path_of(instance)}/metadata", path_of(instance)):
        assert reader.get(address).status_code == 404
    assert delete(path(instance), token).status_code == 404


def test_a_person_deletes_the_study_of_their_errand(reader: WebReader, portal: PortalDouble, take_in: TakeIn) -> None:
    instance, other = take_in(small_ct()), take_in(small_ct())
    token = errand_token(portal, instance.series.study.study_instance_uid)
    refused = delete(study_path_of(other), token)
    assert (refused.status_code, refused.json()["code"]) == (403, "token_for_another_study")
    assert delete(study_path_of(instance), token).status_code == 204
    assert list(Instance.objects.all()) == [other]


@pytest.mark.parametrize(
    ("kind", "status"),
    [("none", 401), ("viewer", 401), ("other errand", 403), ("other services", 403), ("unknown", 401)],
)
def test_nobody_else_deletes(
    enrolled: Identity, portal: PortalDouble, archive: Archive, take_in: TakeIn, kind: str, status: int
) -> None:
    instance = take_in(small_ct())
    study = instance.series.study.study_instance_uid
    token = {
        "none": lambda: None,
        "viewer": lambda: portal.token(study, permissions=("view", "download", "report", "share")),
        "other errand": lambda: errand_token(portal, study, "upload"),
        "other services": lambda: machine("store", "query", "retrieve"),
        "unknown": lambda: "stow_nobody",
    }[kind]()
    for path in (study_path_of(instance), series_path_of(instance), path_of(instance)):
        response = delete(path, token)
        assert response.status_code == status
    assert Instance.objects.count() == 1
    assert not Deletion.objects.exists()
    assert archive.path_of(instance.relative_path).exists()
    assert len(refused_events()) == 1


def test_a_reason_beyond_ascii_is_understood_and_the_answer_says_until_when_it_is_kept(
    reader: WebReader, portal: PortalDouble, take_in: TakeIn, settings: Any
) -> None:
    settings.DELETED_KEEP_DAYS = 12
    instance = take_in(small_ct())
    token = errand_token(portal, instance.series.study.study_instance_uid)
    response = delete(study_path_of(instance), token, Reason=quote("Сняли не того; șters, 100 %"))
    deletion = Deletion.objects.get()
    assert deletion.reason == "Сняли не того; șters, 100 %"
    assert response.headers["Deleted-Instances"] == "1"
    until = datetime.fromisoformat(response.headers["Deleted-Kept-Until"])
    assert until == (deletion.deleted_at + timedelta(days=12)).replace(microsecond=0)


def test_the_portals_page_may_say_why_and_read_what_became_of_it(
    reader: WebReader, take_in: TakeIn, settings: Any
) -> None:
    settings.PORTAL_ORIGINS = ["https://portal.test"]
    origin = {"Origin": "https://portal.test"}
    asked = {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization,reason"}
    preflight = Client().options(study_path_of(take_in(small_ct())), headers=origin | asked)
    assert "Reason" in preflight.headers["Access-Control-Allow-Headers"].split(", ")
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"].split(", ")
    response = delete(study_path_of(take_in(small_ct())), machine("delete"), **origin)
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Deleted-Instances", "Deleted-Kept-Until"} <= set(exposed)


def test_what_was_prepared_of_it_is_thrown_away(reader: WebReader, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    scope = Scope(instance.series.study.study_instance_uid, instance.series.series_instance_uid)
    reader.get(f"{study_path_of(instance)}/metadata")
    reader.get(f"{series_path_of(instance)}/metadata")
    reader.get(f"{path_of(instance)}/rendered")
    reader.get(f"{series_path_of(instance)}/thumbnail")
    prepare_metadata()
    assert document_path(scope, None).exists()
    assert delete(study_path_of(instance), machine("delete")).status_code == 204
    assert [path for path in files_below(cache_folder()) if path.suffix != ".lock"] == []


@pytest.mark.parametrize("path", ["/dicomweb/studies", "/dicomweb/studies/1.2.3/metadata"])
def test_other_addresses_are_not_deleted(reader: WebReader, path: str) -> None:
    assert delete(path, machine("delete")).status_code == 405
