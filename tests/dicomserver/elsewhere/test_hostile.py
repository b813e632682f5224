"""Archives that come to no end: whoever searches or fetches is told so, and what came until then stays."""

import time
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from pytest_django.fixtures import Settings

from dicomserver.elsewhere import searching, watching
from dicomserver.elsewhere.tasks import fetch
from dicomserver.scu.data_sets import IMPLICIT_LITTLE, encoded
from dicomserver.scu.finding import STUDY_ROOT_FIND
from dicomserver.scu.moving import STUDY_ROOT_MOVE
from tests.dicomserver.elsewhere.desk import Desk, known_as, study
from tests.dicomserver.elsewhere.test_retrieving import UID, now_of, ordered
from tests.dicomserver.scu.hostile import FIND, MOVE, PENDING, Partner, answer, hostile_machine

C_FIND_RQ = 0x0020


@pytest.fixture(autouse=True)
def _title(settings: Settings) -> None:
    settings.DICOM_AE_TITLE = "SERVER_A"


def finds(partner: Partner, ds: Dataset) -> None:
    said = answer(FIND, PENDING, AffectedSOPClassUID=STUDY_ROOT_FIND)
    partner.sends(partner.contexts[STUDY_ROOT_FIND], said, encoded(ds, IMPLICIT_LITTLE))


def ends(partner: Partner) -> None:
    partner.sends(partner.contexts[STUDY_ROOT_FIND], answer(FIND, 0, AffectedSOPClassUID=STUDY_ROOT_FIND))
    partner.reads(6)


def test_a_search_that_says_the_same_study_for_ever_ends_with_that_study(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LONGEST", timedelta(seconds=4))

    def endless(partner: Partner) -> None:
        while True:
            finds(partner, study(UID))
            time.sleep(0.001)

    with hostile_machine(endless) as place:
        known_as("north", place)
        found = desk.search(patient_id="1")
        desk.wait_for_threads()
    (archive,) = found["archives"]
    assert archive["state"] == "failed"
    assert [one["study_instance_uid"] for one in found["studies"]] == [UID]


def test_a_search_that_finds_a_new_study_for_ever_is_limited(desk: Desk) -> None:
    def endless(partner: Partner) -> None:
        number = 0
        while True:
            number += 1
            finds(partner, study(f"1.2.{number}"))

    with hostile_machine(endless) as place:
        known_as("north", place)
        found = desk.search(patient_id="1")
        desk.wait_for_threads()
    assert [(one["state"], one["studies"]) for one in found["archives"]] == [("limited", 200)]


def test_a_retrieval_whose_archive_says_the_same_for_ever_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "SILENCE", timedelta(seconds=1))

    def talk(partner: Partner) -> None:
        if partner.heard[0].CommandField == C_FIND_RQ:
            finds(partner, study(UID))
            ends(partner)
            return
        said = answer(MOVE, PENDING, AffectedSOPClassUID=STUDY_ROOT_MOVE, NumberOfRemainingSuboperations=9)
        for _ in range(200):
            partner.sends(partner.contexts[STUDY_ROOT_MOVE], said)
            time.sleep(0.05)

    with hostile_machine(talk) as place:
        known_as("north", place)
        order = ordered(desk)
        fetch(order["id"])
    ended = now_of(desk, order)
    assert (ended["state"], ended["detail"]) == ("failed", "Nothing came from the archive for minutes.")
