"""C-FIND over real associations: models, levels, keys, statuses, cancel and extended negotiation (PS3.4 C.4.1)."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from pytest_django.fixtures import Settings

from dicomserver.access.peers import add_peer
from dicomserver.query.requests import QueryTooLong
from dicomserver.scp.server import ScpServer
from tests.dicomserver.network import TakeIn, take_in
from tests.dicomserver.objects import EXPLICIT, IMPLICIT, small_ct
from tests.dicomserver.sender import established

__all__ = ["take_in"]

pytestmark = pytest.mark.usefixtures("transactional_db")

PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
PATIENT_STUDY_ONLY = "1.2.840.10008.5.1.4.1.2.3.1"
PENDING, UNSUPPORTED, SUCCESS, CANCELLED = 0xFF00, 0xFF01, 0, 0xFE00
OUT_OF_RESOURCES, DOES_NOT_MATCH, UNABLE = 0xA700, 0xA900, 0xC000


class Workstation:
    """Asks over one association."""

    def __init__(self, assoc: Association, model: str) -> None:
        self.assoc = assoc
        self.model = model

    def ask(self, level: str | None, **keys: Any) -> tuple[list[Dataset], Dataset]:
        """The matches and the last status."""
        *pending, last = self.responses(level, **keys)
        return [ds for _, ds in pending if ds is not None], last[0]

    def responses(self, level: str | None, **keys: Any) -> list[tuple[Dataset, Dataset | None]]:
        return list(self.assoc.send_c_find(identifier(level, **keys), self.model))


def identifier(level: str | None, **keys: Any) -> Dataset:
    ds = Dataset()
    if level is not None:
        ds.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(ds, keyword, value)
    return ds


@pytest.fixture
def port(scp: ScpServer) -> int:
    add_peer("workstation", ae_title="WS", services=["query"])
    return scp.port


def workstation(port: int, model: str = STUDY_ROOT, extended: bytes = b"", syntax: str = IMPLICIT) -> Any:
    ae = AE(ae_title="WS")
    ae.add_requested_context(model, syntax)
    items = []
    if extended:
        item = SOPClassExtendedNegotiation()
        item.sop_class_uid = UID(model)
        item.service_class_application_information = extended
        items.append(item)
    return established(ae, port, items=items)


def asked(port: int, level: str | None, *, model: str = STUDY_ROOT, extended: bytes = b"", **keys: Any) -> Any:
    with workstation(port, model, extended) as assoc:
        return Workstation(assoc, model).ask(level, **keys)


@pytest.fixture
def ct(take_in: TakeIn) -> Dataset:
    """An instance; its study has another one in another series."""
    ds = small_ct(SeriesNumber=1, InstanceNumber=1)
    take_in(ds)
    take_in(small_ct(StudyInstanceUID=ds.StudyInstanceUID, SeriesNumber=2, InstanceNumber=2, Modality="MR"))
    return ds


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_a_study_is_told_with_what_was_asked_for(port: int, ct: Dataset, syntax: str) -> None:
    keys = {
        "PatientName": "POPESCU*", "PatientID": "", "StudyDate": "20260101-20260131", "StudyTime": "",
        "AccessionNumber": "", "StudyID": "", "StudyInstanceUID": "", "StudyDescription": "",
        "ReferringPhysicianName": "", "ModalitiesInStudy": "", "SOPClassesInStudy": "", "InstitutionName": "",
        "NumberOfStudyRelatedSeries": "", "NumberOfStudyRelatedInstances": "", "NumberOfPatientRelatedStudies": "",
        "NumberOfPatientRelatedSeries": "", "NumberOfPatientRelatedInstances": "", "InstanceAvailability": "",
        "RetrieveAETitle": "", "PatientBirthDate": "", "PatientSex": "",
    }  # fmt: skip
    with workstation(port, syntax=syntax) as assoc:
        responses = Workstation(assoc, STUDY_ROOT).responses("STUDY", **keys)
    assert [status.Status for status, _ in responses] == [PENDING, SUCCESS]
    ds = responses[0][1]
    assert ds is not None
    assert {element.keyword: str(element.value) for element in ds} == {
        "StudyDate": "20260102",
        "StudyTime": "101112",
        "AccessionNumber": "ACC1",
        "QueryRetrieveLevel": "STUDY",
        "RetrieveAETitle": "SERVER_A",
        "InstanceAvailability": "ONLINE",
        "ModalitiesInStudy": "['CT', 'MR']",
        "SOPClassesInStudy": "1.2.840.10008.5.1.4.1.1.2",
        "InstitutionName": "",
        "ReferringPhysicianName": "Referrer^Rita",
        "StudyDescription": "Chest",
        "PatientName": "Popescu^Ion",
        "PatientID": "P-1",
        "PatientBirthDate": "19700101",
        "PatientSex": "M",
        "StudyInstanceUID": ct.StudyInstanceUID,
        "StudyID": "S1",
        "NumberOfPatientRelatedStudies": "1",
        "NumberOfPatientRelatedSeries": "2",
        "NumberOfPatientRelatedInstances": "2",
        "NumberOfStudyRelatedSeries": "2",
        "NumberOfStudyRelatedInstances": "2",
    }


@pytest.mark.parametrize("model", [PATIENT_ROOT, STUDY_ROOT])
def test_each_level_is_reached_through_the_ones_above(port: int, ct: Dataset, model: str) -> None:
    above: dict[str, Any] = {}
    with workstation(port, model) as assoc:
        peer = Workstation(assoc, model)
        if model == PATIENT_ROOT:
            found, last = peer.ask("PATIENT", PatientName="popescu^ion", PatientID="")
            assert ([ds.PatientID for ds in found], last.Status) == (["P-1"], SUCCESS)
            above["PatientID"] = "P-1"
        found, last = peer.ask("STUDY", **above, StudyInstanceUID="", AccessionNumber="ACC1")
        assert ([ds.StudyInstanceUID for ds in found], last.Status) == ([ct.StudyInstanceUID], SUCCESS)
        above["StudyInstanceUID"] = ct.StudyInstanceUID
        found, last = peer.ask("SERIES", **above, SeriesInstanceUID="", Modality="", SeriesNumber="")
        assert ([(ds.Modality, ds.SeriesNumber) for ds in found], last.Status) == ([("CT", 1), ("MR", 2)], SUCCESS)
        above["SeriesInstanceUID"] = ct.SeriesInstanceUID
        found, last = peer.ask("IMAGE", **above, SOPInstanceUID="", InstanceNumber="", Rows=None)
        assert [(ds.SOPInstanceUID, ds.InstanceNumber, ds.Rows) for ds in found] == [(ct.SOPInstanceUID, 1, 4)]
        assert last.Status == SUCCESS


def test_the_retired_model_ends_at_studies(port: int, ct: Dataset) -> None:
    found, last = asked(port, "STUDY", model=PATIENT_STUDY_ONLY, PatientID="P-1", StudyInstanceUID="")
    assert ([ds.StudyInstanceUID for ds in found], last.Status) == ([ct.StudyInstanceUID], SUCCESS)
    _, last = asked(port, "SERIES", model=PATIENT_STUDY_ONLY, PatientID="P-1", StudyInstanceUID=ct.StudyInstanceUID)
    assert (last.Status, last.ErrorComment) == (DOES_NOT_MATCH, "The level must be PATIENT or STUDY.")


@pytest.mark.parametrize(
    ("model", "level", "keys", "status", "comment", "offending"),
    [
        (STUDY_ROOT, None, {"PatientName": ""}, DOES_NOT_MATCH, "Query/Retrieve Level is missing.", 0x00080052),
        (STUDY_ROOT, "", {}, DOES_NOT_MATCH, "Query/Retrieve Level is missing.", 0x00080052),
        (STUDY_ROOT, "EXAM", {}, DOES_NOT_MATCH, "The level must be STUDY, SERIES or IMAGE.", 0x00080052),
        (STUDY_ROOT, "PATIENT", {}, DOES_NOT_MATCH, "The level must be STUDY, SERIES or IMAGE.", 0x00080052),
        (STUDY_ROOT, "SERIES", {}, DOES_NOT_MATCH, "StudyInstanceUID must be one value here.", 0x0020000D),
        (
            STUDY_ROOT, "SERIES", {"StudyInstanceUID": ["1.2", "1.3"]}, DOES_NOT_MATCH,
            "StudyInstanceUID must be one value here.", 0x0020000D,
        ),
        (
            STUDY_ROOT, "IMAGE", {"StudyInstanceUID": "1.2"}, DOES_NOT_MATCH,
            "SeriesInstanceUID must be one value here.", 0x0020000E,
        ),
        (PATIENT_ROOT, "STUDY", {}, DOES_NOT_MATCH, "PatientID must be one value here.", 0x00100020),
        (
            PATIENT_ROOT, "STUDY", {"PatientID": "P*"}, DOES_NOT_MATCH, "PatientID must be one value here.", 0x00100020,
        ),
        (
            STUDY_ROOT, "STUDY", {"StudyDate": "yesterday"}, UNABLE,
            "StudyDate is no date (YYYYMMDD) and no range of dates.", 0x00080020,
        ),
        (
            STUDY_ROOT, "STUDY", {"StudyInstanceUID": "1.2.*"}, UNABLE,
            "StudyInstanceUID has a value that is no UID.", 0x0020000D,
        ),
        (
            STUDY_ROOT, "STUDY", {"PatientName": "x" * 2000}, UNABLE,
            "PatientName has a value that is too long.", 0x00100010,
        ),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_queries_that_make_no_sense_are_refused_in_words(
    port: int,
    ct: Dataset,
    model: str,
    level: str | None,
    keys: dict[str, Any],
    status: int,
    comment: str,
    offending: int,
) -> None:
    found, last = asked(port, level, model=model, **keys)
    assert (found, last.Status, last.ErrorComment) == ([], status, comment)
    assert last.OffendingElement == offending


def test_keys_that_contradict_each_other_match_nothing(port: int, ct: Dataset) -> None:
    for keys in (
        {"PatientID": "P-1", "PatientName": "Ionescu*", "StudyInstanceUID": ""},
        {"PatientID": "P-2", "StudyInstanceUID": ct.StudyInstanceUID},
        {"StudyDate": "20270101-20260101"},
    ):
        found, last = asked(port, "STUDY", model=STUDY_ROOT, **keys)
        assert (found, last.Status) == ([], SUCCESS)
    found, last = asked(port, "STUDY", model=PATIENT_ROOT, PatientID="P-2", StudyInstanceUID=ct.StudyInstanceUID)
    assert (found, last.Status) == ([], SUCCESS)


def test_ten_thousand_uids_are_answered(port: int, ct: Dataset) -> None:
    uids = [*(generate_uid() for _ in range(9_999)), ct.StudyInstanceUID]
    found, last = asked(port, "STUDY", StudyInstanceUID=uids, AccessionNumber="")
    assert ([ds.AccessionNumber for ds in found], last.Status) == (["ACC1"], SUCCESS)


def test_wildcards_everywhere_are_answered_soon(port: int, ct: Dataset) -> None:
    hostile = "*a" * 400 + "*b"
    begun = time.monotonic()
    for pattern, count in (("*", 1), ("*?*", 1), ("***?***", 1), (hostile, 0)):
        keys = dict.fromkeys(("PatientName", "PatientID", "AccessionNumber", "StudyID", "StudyDescription"), pattern)
        found, last = asked(port, "STUDY", **keys)
        assert (len(found), last.Status) == (count, SUCCESS)
    assert time.monotonic() - begun < 20


def test_unsupported_keys_are_empty_and_said_to_be_so(port: int, ct: Dataset) -> None:
    with workstation(port) as assoc:
        peer = Workstation(assoc, STUDY_ROOT)
        for keys in ({"PatientComments": ""}, {"Modality": "CT"}, {"NumberOfStudyRelatedSeries": "9"}):
            (status, ds), _ = peer.responses("STUDY", StudyInstanceUID="", **keys)
            assert status.Status == UNSUPPORTED
            assert ds is not None
            (keyword,) = keys
            assert ds[keyword].is_empty == (keyword != "NumberOfStudyRelatedSeries")


def test_of_instances_any_element_is_told(port: int, take_in: TakeIn) -> None:
    ds = small_ct(SliceLocation="12.5", ImageComments="Căluș", WindowCenter=[40, 400], FrameOfReferenceUID="1.2.3")
    take_in(ds)
    with workstation(port) as assoc:
        (status, found), last = Workstation(assoc, STUDY_ROOT).responses(
            "IMAGE", StudyInstanceUID=ds.StudyInstanceUID, SeriesInstanceUID=ds.SeriesInstanceUID, SOPInstanceUID="",
            SliceLocation=None, ImageComments="", WindowCenter=None, FrameOfReferenceUID="", PatientWeight=None,
        )  # fmt: skip
    assert (status.Status, last[0].Status) == (PENDING, SUCCESS)
    assert found is not None
    assert (found.SliceLocation, found.ImageComments, found.WindowCenter) == (12.5, "Căluș", [40, 400])
    assert (found.FrameOfReferenceUID, found["PatientWeight"].is_empty) == ("1.2.3", True)
    assert found.SpecificCharacterSet == "ISO_IR 192"


def request(**values: Any) -> Dataset:
    """An item of the Request Attributes Sequence."""
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


@pytest.fixture
def requested(take_in: TakeIn) -> Dataset:
    """An instance of request RP1, step S1; its study has another series, of no request."""
    items = [request(ScheduledProcedureStepID="S1", RequestedProcedureID="RP1"), request(RequestedProcedureID="RP2")]
    ds = small_ct(SeriesNumber=1, RequestAttributesSequence=items)
    take_in(ds)
    take_in(small_ct(StudyInstanceUID=ds.StudyInstanceUID, SeriesNumber=2))
    return ds


@pytest.mark.parametrize(
    ("items", "numbers"),
    [
        ([], [1, 2]),
        ([request()], [1, 2]),
        ([request(RequestedProcedureID="")], [1, 2]),
        ([request(RequestedProcedureID="*", ScheduledProcedureStepID="")], [1, 2]),
        ([request(RequestedProcedureID="RP1")], [1]),
        ([request(RequestedProcedureID="RP1", ScheduledProcedureStepID="S?")], [1]),
        ([request(RequestedProcedureID="RP2", ScheduledProcedureStepID="S1")], []),
        ([request(RequestedProcedureID="RP3")], []),
    ],
)
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_series_are_found_by_one_item_of_their_requests(
    port: int, requested: Dataset, items: list[Dataset], numbers: list[int], syntax: str
) -> None:
    with workstation(port, syntax=syntax) as assoc:
        *pending, last = Workstation(assoc, STUDY_ROOT).responses(
            "SERIES", StudyInstanceUID=requested.StudyInstanceUID, SeriesNumber="", RequestAttributesSequence=items
        )
    assert [(status.Status, ds.SeriesNumber) for status, ds in pending if ds] == [(PENDING, one) for one in numbers]
    assert last[0].Status == SUCCESS


def test_of_requests_is_told_what_was_asked_for(port: int, requested: Dataset) -> None:
    def told(*items: Dataset) -> tuple[int, list[list[dict[str, str]]]]:
        with workstation(port) as assoc:
            *pending, _ = Workstation(assoc, STUDY_ROOT).responses(
                "SERIES", StudyInstanceUID=requested.StudyInstanceUID, RequestAttributesSequence=list(items),
                SeriesNumber="",
            )  # fmt: skip
        return pending[0][0].Status, [
            [{element.keyword: str(element.value) for element in item} for item in ds.RequestAttributesSequence]
            for _, ds in pending
            if ds is not None
        ]

    both = [
        {"ScheduledProcedureStepID": "S1", "RequestedProcedureID": "RP1"},
        {"ScheduledProcedureStepID": "", "RequestedProcedureID": "RP2"},
    ]
    assert told() == (PENDING, [both, []])
    assert told(request(RequestedProcedureID="")) == (
        PENDING,
        [[{"RequestedProcedureID": "RP1"}, {"RequestedProcedureID": "RP2"}], []],
    )
    unknown = request(RequestedProcedureID="RP1", RequestedProcedureDescription="", RequestedProcedureCodeSequence=[])
    assert told(unknown) == (
        UNSUPPORTED,
        [
            [
                {"RequestedProcedureDescription": "", "RequestedProcedureCodeSequence": "[]",
                 "RequestedProcedureID": one}
                for one in ("RP1", "RP2")
            ]
        ],
    )  # fmt: skip


def test_requests_are_asked_for_by_a_sequence_of_one_item(port: int, requested: Dataset) -> None:
    two = identifier("SERIES", StudyInstanceUID=requested.StudyInstanceUID)
    two.RequestAttributesSequence = [request(RequestedProcedureID="RP1"), request(RequestedProcedureID="RP2")]
    text = identifier("SERIES", StudyInstanceUID=requested.StudyInstanceUID)
    text.add(DataElement(0x00400275, "LO", "RP1"))
    long = identifier("SERIES", StudyInstanceUID=requested.StudyInstanceUID)
    long.RequestAttributesSequence = [request(RequestedProcedureID="x")]
    long.RequestAttributesSequence[0]["RequestedProcedureID"]._value = "x" * 2000
    with workstation(port, syntax=EXPLICIT) as assoc:
        for ds in (two, text, long):
            ((status, _),) = list(assoc.send_c_find(ds, STUDY_ROOT))
            assert status.Status == UNABLE
        assert status.ErrorComment == "RequestedProcedureID has a value that is too long."


@pytest.mark.parametrize(("vr", "value"), [("US", 3), ("OB", b"S1"), ("UN", b""), ("SQ", []), ("LO", ["a", "b"])])
def test_a_request_asked_for_in_another_vr_is_told_in_its_own(
    port: int, requested: Dataset, vr: str, value: Any
) -> None:
    item = request(RequestedProcedureID="RP1")
    item.add(DataElement(0x00400009, vr, value))
    ds = identifier("SERIES", StudyInstanceUID=requested.StudyInstanceUID, RequestAttributesSequence=[item])
    with workstation(port, syntax=EXPLICIT) as assoc:
        *pending, (last, _) = list(assoc.send_c_find(ds, STUDY_ROOT))
    assert last.Status == SUCCESS
    told = [one["ScheduledProcedureStepID"] for _, found in pending for one in found.RequestAttributesSequence]
    assert {(one.VR, one.value) for one in told} <= {("SH", "S1"), ("SH", "")}
    assert len(pending) == (vr not in {"US", "LO"})


def test_of_an_instance_the_requests_are_its_own(port: int, requested: Dataset) -> None:
    found, last = asked(
        port, "IMAGE", StudyInstanceUID=requested.StudyInstanceUID, SeriesInstanceUID=requested.SeriesInstanceUID,
        RequestAttributesSequence=[],
    )  # fmt: skip
    assert [ds.RequestAttributesSequence for ds in found] == [requested.RequestAttributesSequence]
    assert last.Status == SUCCESS


def test_relational_queries_need_no_keys_above_where_they_were_agreed_on(port: int, ct: Dataset) -> None:
    keys = {"Modality": "MR", "SeriesInstanceUID": "", "StudyInstanceUID": "", "PatientName": "popescu*"}
    _, last = asked(port, "SERIES", **keys)
    assert last.Status == DOES_NOT_MATCH
    found, last = asked(port, "SERIES", extended=b"\x01", **keys)
    assert [(ds.Modality, ds.StudyInstanceUID) for ds in found] == [("MR", ct.StudyInstanceUID)]
    found, last = asked(port, "IMAGE", model=PATIENT_ROOT, extended=b"\x01", SOPInstanceUID=ct.SOPInstanceUID)
    assert ([ds.SeriesInstanceUID for ds in found], last.Status) == ([ct.SeriesInstanceUID], SUCCESS)


def test_combined_moments_and_fuzzy_names_need_agreement(port: int, ct: Dataset) -> None:
    moment = {"StudyDate": "20260101-20260102", "StudyTime": "1200-1100", "StudyInstanceUID": ""}
    assert asked(port, "STUDY", **moment)[0] == []
    assert len(asked(port, "STUDY", extended=b"\x00\x01", **moment)[0]) == 1
    assert asked(port, "STUDY", PatientName="ion")[0] == []
    assert len(asked(port, "STUDY", extended=b"\x00\x00\x01", PatientName="ion")[0]) == 1
    with workstation(port, extended=b"\x01\x01\x01\x01\x01") as assoc:
        assert assoc.acceptor.sop_class_extended[UID(STUDY_ROOT)] == b"\x01\x01\x01\x00"


def test_more_matches_than_are_allowed_end_with_a_warning(
    port: int, take_in: TakeIn, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.QUERY_MAXIMUM_RESULTS = 3
    for _ in range(4):
        take_in(small_ct())
    found, last = asked(port, "STUDY", StudyInstanceUID="")
    assert (len(found), last.Status) == (3, OUT_OF_RESOURCES)
    assert last.ErrorComment == "More than 3 match, so many were sent. Ask for less."
    (record,) = [record for record in caplog.records if record.getMessage() == "Query answered"]
    assert (record.levelname, record.__dict__["matches"]) == ("WARNING", 3)


def test_all_instances_of_a_named_series_are_told_whatever_the_limit(
    port: int, take_in: TakeIn, settings: Settings
) -> None:
    settings.QUERY_MAXIMUM_RESULTS = 2
    ds = small_ct()
    uids = {"StudyInstanceUID": ds.StudyInstanceUID, "SeriesInstanceUID": ds.SeriesInstanceUID}
    for number in range(4):
        take_in(small_ct(**uids, InstanceNumber=number))
    found, last = asked(port, "IMAGE", **uids, InstanceNumber="")
    assert ([ds.InstanceNumber for ds in found], last.Status) == ([0, 1, 2, 3], SUCCESS)


def test_a_cancelled_query_ends(port: int, take_in: TakeIn, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(small_ct())
    from dicomserver.scp import finding

    def endless(request: Any) -> Iterator[Any]:
        (one,) = original(request)
        while True:
            yield one
            time.sleep(0.001)

    original = finding.search
    monkeypatch.setattr(finding, "search", endless)
    with workstation(port) as assoc:
        answers = assoc.send_c_find(identifier("STUDY", StudyInstanceUID=""), STUDY_ROOT, msg_id=9)
        assert [next(answers)[0].Status for _ in range(3)] == [PENDING] * 3
        assoc.send_c_cancel(9, query_model=STUDY_ROOT)
        assert [status.Status for status, _ in answers][-1] == CANCELLED
        monkeypatch.setattr(finding, "search", original)
        _, last = Workstation(assoc, STUDY_ROOT).ask("STUDY", StudyInstanceUID="")
        assert last.Status == SUCCESS


def test_a_query_that_takes_too_long_is_told(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(_request: object) -> Iterator[Any]:
        raise QueryTooLong
        yield

    monkeypatch.setattr("dicomserver.scp.finding.search", too_long)
    found, last = asked(port, "STUDY", StudyInstanceUID="")
    assert (found, last.Status) == ([], OUT_OF_RESOURCES)
    assert last.ErrorComment == "The query takes too long here. Ask for less."


def test_a_peer_without_the_service_finds_nothing(scp: ScpServer, ct: Dataset) -> None:
    add_peer("modality", ae_title="WS", services=["store"])
    with workstation(scp.port) as assoc:
        assert not assoc.is_established or not assoc.accepted_contexts


def test_what_is_logged_of_a_query_names_nobody(port: int, ct: Dataset, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    asked(port, "STUDY", PatientName="POPESCU^ION", PatientID="P-1", StudyInstanceUID="")
    logged = " ".join(str(record.__dict__) for record in caplog.records if not record.name.startswith("django.db"))
    assert "Query answered" in logged
    assert "popescu" not in logged.lower()
