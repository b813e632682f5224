"""Uploads over HTTP: begun, gone on with after whatever happened, imported, shown to their sender alone, forgotten."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pydicom import dcmread
from pytest_django.fixtures import Settings

from dicomserver.archive import Archive
from dicomserver.identity import Identity
from dicomserver.importing import selectors, taking, uploads
from dicomserver.importing.models import Upload, UploadedFile
from dicomserver.index.models import Instance, Study
from dicomserver.outbox.models import Kind, OutboxMessage
from tests.dicomserver.importing.documents import PDF, jpeg
from tests.dicomserver.importing.made_files import part10, zipped
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import files_below, small_ct
from tests.dicomserver.portal_double import PortalDouble

OFFSET_STREAM = "application/offset+octet-stream"


class Sender:
    """A person's browser: speaks tus with a fresh token for each request."""

    def __init__(self, portal: PortalDouble, sub: str = "elena", study: str | None = None) -> None:
        self.portal, self.sub, self.study, self.client = portal, sub, study, Client()

    def ask(self, method: str, path: str, body: bytes = b"", content_type: str = "", **headers: str) -> Any:
        more = {"study_instance_uid": self.study} if self.study else {}
        token = self.portal.errand_token("upload", sub=self.sub, **more)
        names = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
        names |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, path, body, content_type=content_type or "application/octet-stream", headers=names
        )

    def begin(self, content: bytes, name: str = "a.dcm", first: bytes = b"", **metadata: str) -> Any:
        values = {"filename": name} | metadata
        header = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
        return self.ask(
            "POST", "/imports/", first, OFFSET_STREAM if first else "",
            Upload_Length=str(len(content)), Upload_Metadata=header,
        )  # fmt: skip

    def send(self, path: str, offset: int, piece: bytes, **headers: str) -> Any:
        return self.ask("PATCH", path, piece, OFFSET_STREAM, Upload_Offset=str(offset), **headers)

    def whole(self, content: bytes, name: str = "a.dcm", **metadata: str) -> dict[str, Any]:
        """Send it in one request, import, and return what is said of it."""
        response = self.begin(content, name, content, **metadata)
        assert response.status_code == 201, response.content
        taking.import_due_uploads()
        return self.json(path_in(response))

    def json(self, path: str) -> Any:
        response = self.ask("GET", path)
        assert response.status_code == 200, response.content
        return json.loads(response.content)


def path_in(response: Any) -> str:
    location = response.headers["Location"]
    assert location.startswith("http://")
    return "/imports/" + location.rpartition("/")[2]


@pytest.fixture
def person(archive: Archive, db: None, enrolled: Identity, portal: PortalDouble, settings: Settings) -> Sender:
    """Somebody who may upload."""
    settings.ARCHIVE_RESERVE_BYTES = 0
    return Sender(portal)


def test_what_the_server_can_do_needs_no_token(client: Client) -> None:
    response = client.options("/imports/")
    assert response.status_code == 204
    assert response.headers["Tus-Version"] == response.headers["Tus-Resumable"] == "1.0.0"
    assert response.headers["Tus-Extension"] == "creation,creation-with-upload,checksum,expiration,termination"
    assert response.headers["Tus-Checksum-Algorithm"] == "sha256"
    assert int(response.headers["Tus-Max-Size"]) == 16 * 1024**3


def test_a_file_comes_in_pieces_and_is_imported(person: Sender, archive: Archive) -> None:
    ds = small_ct()
    content = part10(ds)
    begun = person.begin(content, "CT/1.dcm", batch="visit")
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0")
    assert "Upload-Expires" in begun.headers
    path = path_in(begun)
    first = person.send(path, 0, content[:100])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "100")
    where = person.ask("HEAD", path)
    assert (where.headers["Upload-Offset"], where.headers["Upload-Length"]) == ("100", str(len(content)))
    assert where.headers["Cache-Control"] == "no-store"
    assert person.json(path)["state"] == "receiving"
    last = person.send(path, 100, content[100:])
    assert last.headers["Upload-Offset"] == str(len(content))
    assert person.json(path)["state"] == "waiting"
    assert taking.import_due_uploads() == 1
    found = person.json(path)
    assert (found["state"], found["counts"], found["studies"]) == ("done", {"stored": 1}, [ds.StudyInstanceUID])
    assert found["files"] == [
        {"name": "CT/1.dcm", "outcome": "stored", "explanation": "", "study_instance_uid": ds.StudyInstanceUID}
    ]
    assert Instance.objects.get().sop_instance_uid == ds.SOPInstanceUID
    assert files_below(uploads.uploads_folder()) == []


def test_a_small_file_needs_one_request(person: Sender) -> None:
    content = part10()
    response = person.begin(content, first=content)
    assert (response.status_code, response.headers["Upload-Offset"]) == (201, str(len(content)))


def test_a_wrong_offset_is_refused_and_says_the_right_one(person: Sender) -> None:
    path = path_in(person.begin(b"x" * 100))
    person.send(path, 0, b"x" * 40)
    for offset in (0, 39, 41, 100):
        refused = person.send(path, offset, b"y" * 10)
        assert (refused.status_code, b"It goes on at 40." in refused.content) == (409, True)
    assert person.ask("HEAD", path).headers["Upload-Offset"] == "40"


def test_a_piece_that_was_damaged_is_not_kept(person: Sender) -> None:
    path = path_in(person.begin(b"x" * 100))
    right = base64.b64encode(hashlib.sha256(b"x" * 60).digest()).decode()
    damaged = person.send(path, 0, b"y" * 60, Upload_Checksum=f"sha256 {right}")
    assert damaged.status_code == 460
    assert person.ask("HEAD", path).headers["Upload-Offset"] == "0"
    assert person.send(path, 0, b"x" * 60, Upload_Checksum=f"sha256 {right}").status_code == 204
    for checksum in ("md5 AAAA", "sha256 ???", "sha256", "sha256 AAAA"):
        assert person.send(path, 60, b"x", Upload_Checksum=checksum).status_code == 400


def test_more_than_was_announced_is_refused(person: Sender) -> None:
    path = path_in(person.begin(b"x" * 10))
    assert person.send(path, 0, b"x" * 11).status_code == 413
    assert person.ask("HEAD", path).headers["Upload-Offset"] == "0"
    assert person.begin(b"x" * 10, first=b"x" * 11).status_code == 413


def test_what_came_before_the_line_broke_is_kept(person: Sender, archive: Archive) -> None:
    upload = Upload.objects.get(pk=path_in(person.begin(b"x" * 100)).rpartition("/")[2])

    def broken() -> Any:
        yield b"x" * 30
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        uploads.append(upload, broken(), archive)
    assert Upload.objects.get().received_bytes == 30
    with pytest.raises(ConnectionResetError):
        uploads.append(upload, broken(), archive, hashlib.sha256(b"x").digest())
    assert Upload.objects.get().received_bytes == 30
    assert uploads.path_of(upload).read_bytes()[:30] == b"x" * 30


def test_bytes_that_were_not_noted_are_written_anew(person: Sender) -> None:
    content = part10()
    path = path_in(person.begin(content))
    upload = Upload.objects.get()
    uploads.path_of(upload).write_bytes(b"what a process wrote before it was killed" * 100)
    person.send(path, 0, content)
    taking.import_due_uploads()
    assert person.json(path)["counts"] == {"stored": 1}


def test_another_person_finds_no_upload(person: Sender, portal: PortalDouble) -> None:
    path = path_in(person.begin(b"x" * 10))
    stranger = Sender(portal, "somebody")
    for method in ("GET", "HEAD", "DELETE"):
        assert stranger.ask(method, path).status_code == 404
    assert stranger.send(path, 0, b"x").status_code == 404
    assert stranger.json("/imports/") == {"uploads": []}
    assert len(person.json("/imports/")["uploads"]) == 1
    assert Client().get("/imports/").status_code == 401
    assert Client().post("/imports/").status_code == 401
    assert Client().get(path).status_code == 401
    other_errand = portal.errand_token("find_elsewhere", sub="elena")
    assert Client().get(path, headers={"Authorization": f"Bearer {other_errand}"}).status_code == 403


def test_uploads_are_bounded(person: Sender, settings: Settings, archive: Archive) -> None:
    settings.UPLOAD_MAXIMUM_BYTES = 50
    assert person.begin(b"x" * 51).status_code == 413
    settings.UPLOADS_A_PERSON = 2
    assert [person.begin(b"x" * 50).status_code for _ in range(3)] == [201, 201, 429]
    assert Sender(person.portal, "other").begin(b"x").status_code == 201
    settings.ARCHIVE_RESERVE_BYTES = archive.space().bytes_total * 2
    assert Sender(person.portal, "third").begin(b"x").status_code == 507
    assert Upload.objects.count() == 3


@pytest.mark.parametrize(
    "headers",
    [{"Upload_Length": "x"}, {"Upload_Length": "-1"}, {"Upload_Length": ""}, {"Upload_Length": "9" * 30},
     {"Upload_Metadata": "filename ???"}, {"Upload_Metadata": "filename /w=="}, {"Tus_Resumable": "0.2"},
     {"Upload_Metadata": "filename " + "A" * 20_000}, {"Upload_Metadata": "sha256 eno="}],
)  # fmt: skip
def test_requests_that_make_no_sense_begin_nothing(person: Sender, headers: dict[str, str]) -> None:
    values = {"Upload_Length": "10"} | headers
    assert person.ask("POST", "/imports/", **values).status_code in {400, 412, 413}
    assert not Upload.objects.exists()
    assert files_below(uploads.uploads_folder()) == []


def test_a_piece_of_another_type_is_refused(person: Sender) -> None:
    path = path_in(person.begin(b"x" * 10))
    assert person.ask("PATCH", path, b"x", "text/plain", Upload_Offset="0").status_code == 415
    assert person.ask("PUT", path, b"x").status_code == 405


def test_a_file_that_changed_on_its_way_is_not_taken(person: Sender) -> None:
    found = person.whole(part10(), sha256=hashlib.sha256(b"another").hexdigest())
    assert found["counts"] == {"refused": 1}
    assert found["not_taken"][0]["explanation"] == "The file was changed on its way. Send it again."
    assert not Instance.objects.exists()


def test_a_zip_with_junk_says_what_became_of_each_file(person: Sender) -> None:
    ds = small_ct()
    content = zipped([("1.dcm", part10(ds)), ("notes.txt", b"hello"), ("../evil", part10())])
    found = person.whole(content, "study.zip")
    assert found["counts"] == {"stored": 1, "not DICOM": 1, "refused": 1}
    assert [(one["name"], one["outcome"]) for one in found["files"]] == [
        ("study.zip/1.dcm", "stored"), ("study.zip/notes.txt", "not DICOM"), ("study.zip/../evil", "refused"),
    ]  # fmt: skip
    assert [one["name"] for one in found["not_taken"]] == ["study.zip/notes.txt", "study.zip/../evil"]


def test_a_list_of_many_results_takes_few_queries(
    person: Sender, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(5):
        content = zipped([(f"{number} {entry}", b"text") for entry in range(20)])
        person.begin(content, "a.zip", content)
    taking.import_due_uploads()
    with django_assert_max_num_queries(6):
        listed = person.json("/imports/")["uploads"]
    assert [one["counts"] for one in listed] == [{"not DICOM": 20}] * 5
    assert [len(one["not_taken"]) for one in listed] == [20] * 5


def test_the_same_file_again_is_known_by_its_digest(person: Sender) -> None:
    content = part10()
    digest = hashlib.sha256(content).hexdigest()
    question = json.dumps({"sha256": [digest, "0" * 64]}).encode()
    assert json.loads(person.ask("POST", "/imports/known", question).content) == {"known": {}}
    found = person.whole(content, sha256=digest)
    # By it a browser knows the very file again that it began to send.
    assert found["sha256"] == digest
    study = found["studies"][0]
    assert json.loads(person.ask("POST", "/imports/known", question).content) == {"known": {digest: [study]}}
    assert person.whole(content)["counts"] == {"already_stored": 1}
    Instance.objects.all().delete()
    assert json.loads(person.ask("POST", "/imports/known", question).content) == {"known": {}}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"sha256": "x"}', b'{"sha256": ["x"]}', b'{"sha256": [1]}',
                                  json.dumps({"sha256": ["0" * 64] * 1001}).encode(), b"[" * 100_000])  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused(person: Sender, body: bytes) -> None:
    assert person.ask("POST", "/imports/known", body).status_code in {400, 413}


def test_a_document_is_kept_for_the_study_that_the_token_names(person: Sender, take_in: TakeIn) -> None:
    study = take_in(small_ct()).series.study
    uid = study.study_instance_uid
    wish = json.dumps({"study_instance_uid": uid, "title": "Letter"})
    refused = person.begin(PDF, "a.pdf", wish=wish)
    assert (refused.status_code, b"not for the study" in refused.content) == (400, True)
    bound = Sender(person.portal, study=uid)
    found = bound.whole(PDF, "a.pdf", wish=wish, batch="b")
    assert (found["counts"], found["studies"]) == ({"stored": 1}, [uid])
    row = Instance.objects.get(sop_class_uid="1.2.840.10008.5.1.4.1.1.104.1")
    assert row.series.study == study
    assert bound.whole(jpeg(), "b.jpg", wish=wish)["counts"] == {"stored": 1}
    assert bound.whole(b"MZ", "c.exe", wish=wish)["counts"] == {"not DICOM": 1}


def test_documents_of_a_new_patient_make_one_study(person: Sender, archive: Archive) -> None:
    wish = json.dumps({"patient_id": "N-1", "patient_name": "Нова^Анна", "patient_birth_date": "19800102"})
    first = person.whole(PDF, "a.pdf", wish=wish, batch="b")
    second = person.whole(jpeg(), "b.jpg", wish=wish, batch="b")
    assert first["studies"] == second["studies"]
    study = Study.objects.get()
    assert (study.patient_id, study.patient_name_alphabetic, study.number_of_instances) == ("N-1", "Нова^Анна", 2)
    path = archive.path_of(Instance.objects.first().relative_path)  # type: ignore[union-attr]
    assert dcmread(path).PatientBirthDate == "19800102"


def test_a_new_study_of_a_known_patient_has_all_that_is_known_of_them(
    person: Sender, take_in: TakeIn, archive: Archive
) -> None:
    ds = small_ct()
    ds.PatientID, ds.IssuerOfPatientID, ds.PatientSex, ds.PatientBirthDate = "K-1", "NISTRU", "F", "19620831"
    ds.SpecificCharacterSet, ds.PatientName, ds.AccessionNumber = "ISO_IR 192", "Țurcanu^Ana=蔡^安", "A-1"
    uid = take_in(ds).series.study.study_instance_uid
    wish = json.dumps({"patient_of_study_instance_uid": uid, "title": "Letter"})
    for stranger in (person, Sender(person.portal, study="1.2.3")):
        refused = stranger.begin(PDF, "a.pdf", wish=wish)
        assert (refused.status_code, b"not for the study" in refused.content) == (400, True)
    bound = Sender(person.portal, study=uid)
    first = bound.whole(PDF, "a.pdf", wish=wish, batch="b")
    second = bound.whole(jpeg(), "b.jpg", wish=wish, batch="b")
    (new,) = first["studies"]
    assert (second["studies"], new == uid) == ([new], False)
    made = dcmread(archive.path_of(Instance.objects.get(sop_class_uid="1.2.840.10008.5.1.4.1.1.104.1").relative_path))
    assert (made.PatientID, made.IssuerOfPatientID, made.PatientSex) == ("K-1", "NISTRU", "F")
    assert (made.PatientBirthDate, made.PatientName, made.AccessionNumber) == ("19620831", "Țurcanu^Ana=蔡^安", "")
    gone = json.dumps({"patient_of_study_instance_uid": "1.2.3"})
    refused = Sender(person.portal, study="1.2.3").begin(PDF, "a.pdf", wish=gone)
    assert (refused.status_code, b"does not hold" in refused.content) == (400, True)


@pytest.mark.parametrize("wish", ["{", "[]", '{"patient_id": "1"}', '{"patient_id": "1", "patient_name": "a", "x": 1}',
                                  '{"patient_id": "1", "patient_name": "a", "patient_sex": "male"}', '{"title": 3}',
                                  '{"patient_name": "' + "a" * 5000 + '"}'])  # fmt: skip
def test_a_wish_that_cannot_be_done_begins_nothing(person: Sender, wish: str) -> None:
    assert person.begin(PDF, wish=wish).status_code == 400
    assert not Upload.objects.exists()


def test_the_audit_hears_what_a_person_brought(person: Sender) -> None:
    ds = small_ct()
    person.whole(part10(ds))
    events = [one.body for one in OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT) if one.body]
    assert [(event["kind"], event["sub"], event["study_instance_uid"], event["instances"], event["way"])
            for event in events] == [("instances_stored", "elena", ds.StudyInstanceUID, 1, "upload")]  # fmt: skip
    person.whole(part10(ds))
    assert OutboxMessage.objects.filter(kind=Kind.ACCESS_EVENT).count() == 1


def test_giving_up_removes_the_bytes(person: Sender) -> None:
    path = path_in(person.begin(b"x" * 10, first=b"x" * 5))
    assert person.ask("DELETE", path).status_code == 204
    assert person.ask("HEAD", path).status_code == 404
    assert files_below(uploads.uploads_folder()) == []


def test_one_that_came_in_full_is_not_given_up(person: Sender) -> None:
    content = part10()
    path = path_in(person.begin(content, first=content))
    assert person.ask("DELETE", path).status_code == 409
    taking.import_due_uploads()
    assert person.ask("DELETE", path).status_code == 204
    assert Instance.objects.count() == 1


def test_what_another_request_has_in_hand_is_locked(person: Sender) -> None:
    path = path_in(person.begin(b"x" * 10))
    with uploads.held(Upload.objects.get()):
        assert person.send(path, 0, b"x").status_code == 423
    content = part10()
    path = path_in(person.begin(content, first=content))
    with uploads.held(Upload.objects.get(length=len(content))):
        assert taking.import_due_uploads() == 0
    assert taking.import_due_uploads() == 1


def test_an_import_that_was_cut_short_is_done_again(person: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped([("1", part10()), ("2", part10())])
    path = path_in(person.begin(content, "a.zip", content))
    with monkeypatch.context() as patched:
        patched.setattr(taking, "_note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            taking.import_due_uploads()
    assert person.json(path)["state"] == "waiting"
    taking.import_due_uploads()
    assert person.json(path)["counts"] == {"already_stored": 2}
    assert UploadedFile.objects.count() == 2


def test_who_comes_second_changes_no_result(person: Sender, archive: Archive) -> None:
    content = part10()
    path = path_in(person.begin(content, first=content))
    # Both found it waiting; the other was quicker.
    mine = selectors.due_uploads()[0]
    taking.import_due_uploads()
    assert not taking.import_upload(mine, archive)
    assert person.json(path)["counts"] == {"stored": 1}


def test_a_file_that_nobody_thought_of_holds_up_no_other(person: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    content, original = part10(), taking.Importer.stream
    first = path_in(person.begin(b"odd", "odd", b"odd"))
    second = path_in(person.begin(content, "b.dcm", content))

    def broken(importer: Any, file: Any, name: str) -> Any:
        if name == "odd":
            raise LookupError
        return original(importer, file, name)

    monkeypatch.setattr(taking.Importer, "stream", broken)
    taking.import_due_uploads()
    assert person.json(first)["not_taken"][0]["explanation"] == taking.BROKEN
    assert person.json(second)["counts"] == {"stored": 1}


def test_a_file_that_was_lost_is_said_to_be(person: Sender) -> None:
    content = part10()
    path = path_in(person.begin(content, first=content))
    uploads.path_of(Upload.objects.get()).unlink()
    taking.import_due_uploads()
    assert person.json(path)["counts"] == {"unreadable": 1}


def test_a_full_archive_lets_the_import_wait(person: Sender, settings: Settings, archive: Archive) -> None:
    content = part10()
    path = path_in(person.begin(content, first=content))
    settings.ARCHIVE_RESERVE_BYTES = archive.space().bytes_total * 2
    assert taking.import_due_uploads() == 0
    assert "The archive is full" in person.json(path)["trouble"]
    settings.ARCHIVE_RESERVE_BYTES = 0
    assert taking.import_due_uploads() == 1
    assert (person.json(path)["trouble"], person.json(path)["counts"]) == ("", {"stored": 1})


def test_what_nobody_went_on_with_is_forgotten(person: Sender) -> None:
    person.begin(b"x" * 10)
    content = part10()
    person.whole(content)
    (uploads.uploads_folder() / "stray").write_bytes(b"x")
    assert uploads.forget_old_uploads() == 0
    Upload.objects.filter(finished_at__isnull=True).update(changed_at=timezone.now() - timedelta(hours=25))
    assert uploads.forget_old_uploads() == 1
    Upload.objects.update(imported_at=timezone.now() - timedelta(days=8))
    assert uploads.forget_old_uploads() == 1
    assert not Upload.objects.exists()
    assert Instance.objects.count() == 1


def test_an_empty_file_is_said_to_be_empty(person: Sender) -> None:
    found = person.begin(b"", "empty.dcm")
    taking.import_due_uploads()
    assert person.json(path_in(found))["not_taken"][0]["explanation"] == "The file is empty."
