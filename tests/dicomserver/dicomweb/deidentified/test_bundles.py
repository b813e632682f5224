"""Frames in bundles and reading by POST where it is hidden whose study it is: mapped UIDs alone, in and out."""

from dicomserver.access.models import ViewingSession
from dicomserver.dicomweb import records
from tests.dicomserver.dicomweb.deidentified.conftest import Disguise
from tests.dicomserver.dicomweb.reading import body_of, bundle_of
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct

BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"


def test_a_bundle_is_asked_for_and_answered_by_mapped_uids(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct(PixelData=b"\7" * 32)
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    mapped, original = reader.uid(ds.SOPInstanceUID), ds.SOPInstanceUID
    response = reader.post(f"{reader.series_path(instance)}/frames", fields={"frames": f"{mapped}:1,{original}:1"})
    shown, hidden = bundle_of(response)
    assert (shown.location, shown.body) == (f"{reader.path(instance)}/frames/1", b"\7" * 32)
    # What the reader named comes back, and nothing that they did not know.
    assert hidden.content_type == "application/problem+json"
    assert original.encode() not in hidden.body
    records.reads.flush()
    session = ViewingSession.objects.get()
    assert (session.study_instance_uid, session.frames) == (ds.StudyInstanceUID, 1)


def test_original_uids_lead_nowhere(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    fields = {"frames": f"{ds.SOPInstanceUID}:1"}
    assert reader.post(f"{reader.series_path(instance)}/frames", fields=fields).status_code == 404
    series = f"{reader.study_path}/series/{ds.SeriesInstanceUID}"
    fields = {"frames": f"{reader.uid(ds.SOPInstanceUID)}:1"}
    assert reader.post(f"{series}/frames", fields=fields).status_code == 404
    assert not ViewingSession.objects.exists()


def test_what_is_not_shown_is_not_in_a_bundle(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    same = {"StudyInstanceUID": ds.StudyInstanceUID, "SeriesInstanceUID": ds.SeriesInstanceUID}
    hidden = take_in(small_ct(SOPClassUID=BASIC_TEXT_SR, **same))
    reader = disguised(ds.StudyInstanceUID)
    uids = (reader.uid(hidden.sop_instance_uid), reader.uid(ds.SOPInstanceUID))
    fields = {"frames": ",".join(f"{uid}:1" for uid in uids)}
    parts = bundle_of(reader.post(f"{reader.series_path(instance)}/frames", fields=fields))
    assert [part.content_type.split(";")[0] for part in parts] == [
        "application/problem+json",
        "application/octet-stream",
    ]


def test_reading_by_post_answers_as_get_does(disguised: Disguise, take_in: TakeIn) -> None:
    ds = small_ct()
    instance = take_in(ds)
    reader = disguised(ds.StudyInstanceUID)
    for path in (f"{reader.series_path(instance)}/metadata", f"{reader.path(instance)}/rendered"):
        posted = reader.post(path)
        assert (posted.status_code, body_of(posted)) == (200, reader.body(path))
