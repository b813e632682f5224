"""Machines by HTTP: each does what its services say, of all studies; what it reads is told to the audit."""

from typing import Any

import pytest
from django.test import Client

from dicomserver.access.models import ReadInstance, ViewingSession
from dicomserver.access.peers import add_peer, known_peers, remove_peer
from dicomserver.identity import Identity
from tests.dicomserver.dicomweb.reading import body_of, parts_of, path_of, refused_events, series_path_of, study_path_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

pytestmark = pytest.mark.django_db(transaction=True)


class Machine:
    """Asks with the token of a peer."""

    def __init__(self, *services: str, name: str = "workstation", **values: Any) -> None:
        self.token = str(add_peer(name, has_token=True, services=list(services), **values).token)
        known_peers.forget()

    def get(self, path: str, **headers: str) -> Any:
        values = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client().get(path, headers={"Authorization": f"Bearer {self.token}", **values})


def test_a_machine_with_retrieve_reads_every_study(enrolled: Identity, take_in: TakeIn) -> None:
    machine = Machine("retrieve")
    for instance in (take_in(small_ct()), take_in(small_ct())):
        for path in (study_path_of(instance), series_path_of(instance), path_of(instance)):
            assert machine.get(f"{path}/metadata").status_code == 200
            (part,) = parts_of(machine.get(path))
            assert part.content_type.startswith("application/dicom;")
        assert parts_of(machine.get(f"{path_of(instance)}/frames/1"))[0].body == bytes(range(32))
        assert machine.get(f"{path_of(instance)}/rendered").status_code == 200
        assert machine.get(f"{series_path_of(instance)}/thumbnail").status_code == 200
    assert refused_events() == []


def test_what_a_machine_reads_is_noted_under_its_name(enrolled: Identity, take_in: TakeIn) -> None:
    machine, instance = Machine("retrieve"), take_in(small_ct())
    body_of(machine.get(path_of(instance)))
    session = ViewingSession.objects.get()
    assert (session.session_id, session.sub, session.way) == ("", "workstation", "wado_rs")
    assert session.study_instance_uid == instance.series.study.study_instance_uid
    assert session.remote_address == "127.0.0.1"


@pytest.mark.parametrize("services", [(), ("query",), ("store", "delete", "worklist")])
def test_without_the_service_nothing_is_read_and_the_audit_hears_of_it(
    enrolled: Identity, take_in: TakeIn, services: tuple[str, ...]
) -> None:
    machine, instance = Machine(*services), take_in(small_ct())
    for path in (path_of(instance), f"{path_of(instance)}/frames/1", f"{study_path_of(instance)}/metadata"):
        response = machine.get(path)
        assert (response.status_code, response.json()["code"]) == (403, "token_without_permission")
    (event,) = refused_events()
    assert (event["reason"], event["sub"]) == ("token_without_permission", None)
    assert event["study_instance_uid"] == instance.series.study.study_instance_uid
    assert not ReadInstance.objects.exists()


def test_from_another_address_a_machines_token_opens_nothing(enrolled: Identity, take_in: TakeIn) -> None:
    instance = take_in(small_ct())
    elsewhere = Machine("retrieve", addresses=["10.0.0.0/8"])
    assert elsewhere.get(path_of(instance)).status_code == 403
    here = Machine("retrieve", name="near", addresses=["127.0.0.0/8", "::1"])
    assert here.get(path_of(instance)).status_code == 200


def test_a_machine_that_was_removed_reads_nothing(enrolled: Identity, take_in: TakeIn) -> None:
    machine, instance = Machine("retrieve"), take_in(small_ct())
    assert machine.get(path_of(instance)).status_code == 200
    remove_peer("workstation")
    response = machine.get(path_of(instance))
    assert (response.status_code, response.json()["code"]) == (401, "token_revoked")


def test_a_study_that_is_not_here_is_absent_for_a_machine(enrolled: Identity, take_in: TakeIn) -> None:
    take_in(small_ct())
    assert Machine("retrieve").get("/dicomweb/studies/1.2.3").status_code == 404
