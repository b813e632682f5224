"""What a reader may store, and into which study: documents of the one that the token opens, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from dicomserver.dicomweb.storing import viewers
from dicomserver.identity import Identity
from dicomserver.index.models import Instance, Origin, Series, Study
from dicomserver.outbox.models import Kind, OutboxMessage
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise, disguised, own_names
from tests.dicomserver.dicomweb.reading import WebReader, refused_events
from tests.dicomserver.dicomweb.storing import WebSender, failures, multipart, part10, stored
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import CT, files_below, sendable, small_ct
from tests.dicomserver.portal_double import PortalDouble

__all__ = ["disguised", "own_names"]

pytestmark = pytest.mark.django_db(transaction=True)

PORTAL = "http://portal.test"
COMPREHENSIVE_SR = "1.2.840.10008.5.1.4.1.1.88.33"
KEY_OBJECTS = "1.2.840.10008.5.1.4.1.1.88.59"
PRESENTATION = "1.2.840.10008.5.1.4.1.1.11.1"
REPORT = ("view", "report")


@pytest.fixture
def study(take_in: TakeIn, enrolled: Identity) -> Dataset:
    """The data set of an image of the study that is read."""
    ds = small_ct()
    take_in(ds)
    return ds


@pytest.fixture
def doctor(sender: WebSender, study: Dataset, portal: PortalDouble) -> WebSender:
    """Stores with a viewer token of the study."""
    sender.token = portal.token(study.StudyInstanceUID, permissions=REPORT)
    return sender


def report(study: Dataset, sop_class: str = COMPREHENSIVE_SR, **changes: Any) -> Dataset:
    values = {
        "SOPClassUID": sop_class,
        "StudyInstanceUID": study.StudyInstanceUID,
        "Modality": "SR",
        "PixelData": None,
        "Rows": None,
        "Columns": None,
    }
    return small_ct(**(values | changes))


def path_of(study: Dataset) -> str:
    return f"/dicomweb/studies/{study.StudyInstanceUID}"


@pytest.mark.parametrize("sop_class", [COMPREHENSIVE_SR, KEY_OBJECTS, PRESENTATION])
def test_a_reader_with_the_permission_to_report_stores_documents(
    doctor: WebSender, study: Dataset, sop_class: str
) -> None:
    ds = report(study, sop_class)
    response = doctor.store(part10(ds), path=path_of(study), Origin=PORTAL)
    assert (response.status_code, stored(response)) == (200, [ds.SOPInstanceUID])
    assert response.headers["Access-Control-Allow-Origin"] == PORTAL
    row = Instance.objects.select_related("series__study").get(sop_instance_uid=ds.SOPInstanceUID)
    assert (row.origin, row.calling_ae_title, row.series.study.number_of_instances) == (Origin.STOW_RS, "", 2)


def test_what_a_reader_stores_is_told_to_the_audit(doctor: WebSender, study: Dataset) -> None:
    doctor.store(part10(report(study)), path=path_of(study), Origin=PORTAL)
    bodies = OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT).values_list("body", flat=True)
    told = [(body["kind"], body["study_instance_uid"], body["instances"], body["way"]) for body in bodies if body]
    assert told == [("instances_stored", study.StudyInstanceUID, 1, "stow_rs")]
    doctor.store(part10(small_ct(StudyInstanceUID=study.StudyInstanceUID)), path=path_of(study), Origin=PORTAL)
    assert OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT).count() == 1


def test_the_portals_pages_may_store_and_no_others(doctor: WebSender, study: Dataset) -> None:
    names = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = doctor.client.options(path_of(study), headers={"Origin": PORTAL, **names})
    assert allowed.status_code == 204
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"].split(", ")
    headers = allowed.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "accept"} <= set(headers)
    assert doctor.client.options(path_of(study), headers={"Origin": "http://evil.test", **names}).status_code == 403


def test_all_classes_are_those_of_the_standard_by_name() -> None:
    for uid in viewers.SOP_CLASSES:
        name = UID(uid).name
        assert name != uid, uid
        assert name.endswith(("SR Storage", "Document Storage", "Presentation State Storage")), name


@pytest.mark.parametrize(
    "sop_class",
    [CT, "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.104.1", "1.2.840.10008.5.1.4.1.1.88.67", "1.2.3.4"],
)
def test_instances_of_other_classes_are_refused_one_by_one(
    doctor: WebSender, study: Dataset, home: Path, sop_class: str
) -> None:
    good, bad = report(study), report(study, sop_class)
    response = doctor.store(part10(bad), part10(good), path=path_of(study))
    assert (response.status_code, stored(response)) == (202, [good.SOPInstanceUID])
    assert failures(response) == [(sop_class, bad.SOPInstanceUID, 0x0122)]
    alone = doctor.store(part10(bad), path=path_of(study))
    assert (alone.status_code, failures(alone)) == (409, [(sop_class, bad.SOPInstanceUID, 0x0122)])
    assert not Instance.objects.filter(sop_instance_uid=bad.SOPInstanceUID).exists()
    assert files_below(home / "quarantine") == []


def test_a_head_that_lies_about_the_class_gets_nothing_in(doctor: WebSender, study: Dataset) -> None:
    ds = report(study, CT)
    lying = sendable(ds)
    response = doctor.store(
        part10(type(lying)(lying.data, COMPREHENSIVE_SR, lying.sop_instance_uid, lying.transfer_syntax_uid)),
        path=path_of(study),
    )
    assert response.status_code == 409
    assert not Instance.objects.filter(sop_instance_uid=ds.SOPInstanceUID).exists()


def test_instances_of_another_study_are_refused(doctor: WebSender, study: Dataset, home: Path) -> None:
    ds = report(study, StudyInstanceUID="1.2.3")
    response = doctor.store(part10(ds), path=path_of(study))
    assert (response.status_code, failures(response)) == (409, [(COMPREHENSIVE_SR, ds.SOPInstanceUID, 0xA901)])
    assert Study.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientID": "8"},
        {"IssuerOfPatientID": "IDNP"},
        {"OtherPatientIDs": "2000000000007"},
        {"PatientBirthDate": "19000101"},
        {"ReferringPhysicianName": "Wilson^James"},
        {"RequestingPhysician": "Wilson^James"},
        {"BurnedInAnnotation": "NO"},
    ],
)
def test_a_document_cannot_change_whose_study_it_is(
    doctor: WebSender, study: Dataset, changes: dict[str, str], home: Path
) -> None:
    before = Study.objects.values().get()
    ds = report(study, **changes)
    response = doctor.store(part10(ds), path=path_of(study))
    assert (response.status_code, failures(response)) == (409, [(COMPREHENSIVE_SR, ds.SOPInstanceUID, 0xA902)])
    assert Study.objects.values().get() == before
    assert files_below(home / "incoming") == []


def test_a_national_id_comes_in_by_no_document(doctor: WebSender, study: Dataset) -> None:
    item = Dataset()
    item.PatientID, item.IssuerOfPatientID = "2000000000007", "IDNP"
    response = doctor.store(part10(report(study, OtherPatientIDsSequence=Sequence([item]))), path=path_of(study))
    assert response.status_code == 409
    assert Study.objects.get().other_patient_ids == []


def test_names_may_be_spelt_otherwise(doctor: WebSender, study: Dataset) -> None:
    ds = report(study, ReferringPhysicianName="REFERRER^Rita^^", RequestingPhysician="")
    assert doctor.store(part10(ds), path=path_of(study)).status_code == 200


@pytest.mark.parametrize("permissions", [("view",), ("view", "download", "share")])
def test_without_the_permission_to_report_nothing_is_stored(
    sender: WebSender, portal: PortalDouble, study: Dataset, home: Path, permissions: tuple[str, ...]
) -> None:
    sender.token = portal.token(study.StudyInstanceUID, permissions=permissions)
    response = sender.store(part10(report(study)), path=path_of(study))
    assert (response.status_code, response.json()["code"]) == (403, "token_without_permission")
    assert [(event["reason"], event["sub"]) for event in refused_events()] == [("token_without_permission", "user-1")]
    assert Instance.objects.count() == 1


def test_the_address_must_name_the_tokens_study(doctor: WebSender, study: Dataset, portal: PortalDouble) -> None:
    nowhere = doctor.store(part10(report(study)))
    assert (nowhere.status_code, nowhere.json()["code"]) == (403, "token_without_permission")
    other = doctor.store(part10(report(study)), path="/dicomweb/studies/1.2.3")
    assert (other.status_code, other.json()["code"]) == (403, "token_for_another_study")
    assert Instance.objects.count() == 1
    assert {event["reason"] for event in refused_events()} == {"token_without_permission", "token_for_another_study"}


def test_a_token_that_has_ended_says_so(sender: WebSender, portal: PortalDouble, study: Dataset) -> None:
    from datetime import UTC, datetime, timedelta

    import time_machine

    sender.token = portal.token(study.StudyInstanceUID, permissions=REPORT, lifetime=timedelta(seconds=60))
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        response = sender.store(part10(report(study)), path=path_of(study))
    assert (response.status_code, response.json()["code"]) == (401, "token_expired")
    assert Instance.objects.count() == 1


def test_a_study_that_is_not_here_gets_no_document(sender: WebSender, enrolled: Identity, portal: PortalDouble) -> None:
    ds = report(small_ct())
    sender.token = portal.token(ds.StudyInstanceUID, permissions=REPORT)
    response = sender.store(part10(ds), path=path_of(ds))
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert not Study.objects.exists()


def test_without_identity_nothing_is_stored(
    reader: WebReader, sender: WebSender, study: Dataset, disguised: Disguise
) -> None:
    hidden = disguised(study.StudyInstanceUID)
    sender.token = hidden.token(permissions=REPORT)
    mapped = hidden.uid(study.StudyInstanceUID)
    response = sender.store(part10(report(study, StudyInstanceUID=mapped)), path=f"/dicomweb/studies/{mapped}")
    assert (response.status_code, response.json()["code"]) == (403, "token_without_permission")
    assert study.StudyInstanceUID.encode() not in response.content
    assert (Instance.objects.count(), Series.objects.count()) == (1, 1)


def test_a_reader_stores_little_at_a_time(doctor: WebSender, study: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    from dicomserver.dicomweb.views import store

    monkeypatch.setattr(store, "MAX_REQUEST_BYTES", 1000)
    response = doctor.post(multipart([part10(report(study), padding=2000)]), path=path_of(study))
    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
    assert Instance.objects.count() == 1


def test_the_same_document_again_is_a_success_and_another_under_its_uid_is_a_conflict(
    doctor: WebSender, study: Dataset
) -> None:
    ds = report(study)
    for _ in range(2):
        assert doctor.store(part10(ds), path=path_of(study)).status_code == 200
    other = doctor.store(part10(report(study, SOPInstanceUID=ds.SOPInstanceUID, StudyID="2")), path=path_of(study))
    assert other.status_code == 202
    assert Instance.objects.filter(sop_instance_uid=ds.SOPInstanceUID).count() == 1
