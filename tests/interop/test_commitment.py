"""Storage commitment with Orthanc in both directions."""

from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from tests.demonstration import Demonstration, wait_until
from tests.interop.orthanc import Orthanc, make_orthanc
from tests.interop.test_forwarding import CT, SECONDS, Route
from tests.interop.test_worklist import QUIET_SECONDS, is_complete

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def route(demonstration: Demonstration, tmp_path: Path) -> Iterator[Route]:
    made = Route(demonstration, tmp_path)
    yield made
    made.remove()


def test_orthanc_asks_this_server_and_hears_on_an_association_of_our_own(route: Route, tmp_path: Path) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", f"D{route.mark}")
    route.peer(orthanc.dicom_port, services="store,commitment")
    route.wait()
    sent = list(route.send(3))
    with orthanc.running(route.server):
        asked = [[CT, uid] for uid in sent]
        for instances, status in ((asked, "Success"), ([*asked, [CT, "1.2.3.4.5.6.7"]], "Failure")):
            path = f"modalities/{route.server.ae_title}/storage-commitment"
            answer = orthanc.post(path, {"DicomInstances": instances})
            report = f"storage-commitment/{answer['ID']}"
            wait_until(lambda at=report: orthanc.get(at)["Status"] != "Pending", SECONDS, "Orthanc was told")
            told = orthanc.get(report)
            assert told["Status"] == status
            assert {one["SOPInstanceUID"] for one in told["Success"]} == set(sent)
            assert [one["SOPInstanceUID"] for one in told["Failures"]] == [uid for _, uid in instances[3:]]
        assert told["Failures"][0]["Description"].endswith("was not available"), "0x0112"


def test_a_study_is_complete_with_the_last_instance_that_orthanc_asked_about(
    demonstration: Demonstration, route: Route, tmp_path: Path
) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", f"D{route.mark}")
    route.peer(orthanc.dicom_port, services="store,commitment")
    route.wait()
    study, last = str(generate_uid()), str(generate_uid())
    asked = [[CT, uid] for uid in (*route.send(2, StudyInstanceUID=study), last)]
    with orthanc.running(route.server):
        path = f"modalities/{route.server.ae_title}/storage-commitment"
        report = f"storage-commitment/{orthanc.post(path, {'DicomInstances': asked})['ID']}"
        wait_until(lambda: orthanc.get(report)["Status"] == "Failure", SECONDS, "Orthanc was told that one is not here")
    route.send(1, StudyInstanceUID=study, SOPInstanceUID=last)
    # Quiet time begins with this instance, and is not over yet.
    wait_until(lambda: is_complete(demonstration, route.server, study), QUIET_SECONDS / 2, "the study is complete")


def test_this_server_asks_orthanc_and_sends_again_what_it_does_not_keep(route: Route, tmp_path: Path) -> None:
    orthanc = make_orthanc(tmp_path / "orthanc", f"D{route.mark}")
    peer = route.peer(orthanc.dicom_port, services="store,commitment")
    route.rule(peer, "--commitment")
    route.wait()
    with orthanc.running(route.server):
        # Where the machine is slow, Orthanc is asked before the test has deleted anything: then once more.
        assert any(_is_sent_again(route, orthanc, peer) for _ in range(4))


def _is_sent_again(route: Route, orthanc: Orthanc, peer: str) -> bool:
    """Lose an instance at the destination before it is asked about it; whether it was sent again."""
    sent = route.send(5)
    study = str(pydicom.dcmread(next(iter(sent.values()))).StudyInstanceUID)
    wait_until(lambda: set(orthanc.instances(study)) == set(sent), SECONDS, "Orthanc has all")
    lost = next(iter(sent))
    orthanc.delete(f"instances/{orthanc.instances(study)[lost]}")
    done = ["0 waiting", "0 parked", "0 not committed"]
    wait_until(lambda: route.figures(peer)[:3] == done, SECONDS, "Orthanc has committed itself to all")
    return set(orthanc.instances(study)) == set(sent)
