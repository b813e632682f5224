"""A study is complete with the last instance that was announced, and open until then, for a while."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pydicom.uid import generate_uid
from pytest_django.fixtures import Settings

from dicomserver.identity import Identity
from dicomserver.index.models import Study
from dicomserver.orders.completeness import prune_announced, settle_held_studies
from dicomserver.orders.models import AnnouncedInstance, PerformedProcedureStep
from dicomserver.orders.performed import change_performed_step, create_performed_step
from dicomserver.orders.services import announce_instances, apply_order
from dicomserver.outbox.models import StudyHold
from dicomserver.outbox.services import complete_quiet_studies
from tests.dicomserver.network import TakeIn
from tests.dicomserver.objects import small_ct
from tests.dicomserver.orders.made_orders import begun_step, ended_step, made_order

pytestmark = pytest.mark.django_db

STUDY = "1.2.826.0.1.3680043.8.498.1"


def slices(count: int, study: str = STUDY) -> list[Any]:
    return [small_ct(StudyInstanceUID=study) for _ in range(count)]


def uids(instances: list[Any]) -> list[str]:
    return [str(ds.SOPInstanceUID) for ds in instances]


def is_complete(study: str = STUDY) -> bool:
    return Study.objects.get(study_instance_uid=study).completed_at is not None


def is_quiet() -> None:
    Study.objects.update(last_received_at=timezone.now() - timedelta(hours=1))


def test_a_study_is_complete_with_its_last_announced_instance(enrolled: Identity, take_in: TakeIn) -> None:
    first, second, third = slices(3)
    announce_instances(STUDY, uids([first, second, third]), "commitment")
    take_in(first)
    take_in(third)
    assert not is_complete()
    take_in(second)
    assert is_complete()
    assert not StudyHold.objects.exists()


def test_a_study_is_complete_at_once_where_all_is_there_already(enrolled: Identity, take_in: TakeIn) -> None:
    instances = slices(2)
    for ds in instances:
        take_in(ds)
    announce_instances(STUDY, uids(instances), "commitment")
    assert is_complete()


def test_quiet_does_not_complete_a_study_that_lacks_announced_instances(
    enrolled: Identity, take_in: TakeIn, settings: Settings
) -> None:
    settings.ANNOUNCED_INSTANCES_WAIT_SECONDS = 600
    instances = slices(2)
    announce_instances(STUDY, uids(instances), "commitment")
    take_in(instances[0])
    is_quiet()
    assert complete_quiet_studies() == 0
    AnnouncedInstance.objects.update(announced_at=timezone.now() - timedelta(seconds=601))
    assert settle_held_studies() == 1
    assert not is_complete()
    assert complete_quiet_studies() == 1


def test_what_comes_after_the_last_announced_instance_is_completed_by_quiet(
    enrolled: Identity, take_in: TakeIn
) -> None:
    announced, later = slices(2)
    announce_instances(STUDY, uids([announced]), "commitment")
    take_in(announced)
    assert is_complete()
    take_in(later)
    assert not is_complete()
    is_quiet()
    assert complete_quiet_studies() == 1


def test_without_announcements_quiet_decides(enrolled: Identity, take_in: TakeIn) -> None:
    take_in(slices(1)[0])
    assert not is_complete()
    is_quiet()
    assert complete_quiet_studies() == 1


def test_a_study_that_is_being_made_is_held_open_until_its_step_has_ended(enrolled: Identity, take_in: TakeIn) -> None:
    order = made_order()
    apply_order(order)
    study = order.study_instance_uid
    performed = str(generate_uid())
    create_performed_step(sop_instance_uid=performed, ds=begun_step(order), calling_ae_title="CT_EAST")
    instances = slices(3, study)
    take_in(instances[0])
    take_in(instances[1])
    is_quiet()
    assert complete_quiet_studies() == 0
    change_performed_step(sop_instance_uid=performed, ds=ended_step("COMPLETED", *uids(instances)))
    assert not is_complete(study)
    is_quiet()
    assert complete_quiet_studies() == 0
    take_in(instances[2])
    assert is_complete(study)


def test_a_step_that_ends_after_its_instances_came_completes_the_study(enrolled: Identity, take_in: TakeIn) -> None:
    order = made_order()
    apply_order(order)
    performed = str(generate_uid())
    create_performed_step(sop_instance_uid=performed, ds=begun_step(order), calling_ae_title="CT_EAST")
    instances = slices(2, order.study_instance_uid)
    for ds in instances:
        take_in(ds)
    change_performed_step(sop_instance_uid=performed, ds=ended_step("COMPLETED", *uids(instances)))
    assert is_complete(order.study_instance_uid)


def test_a_committed_part_does_not_complete_a_study_that_is_still_being_made(
    enrolled: Identity, take_in: TakeIn
) -> None:
    order = made_order()
    apply_order(order)
    create_performed_step(sop_instance_uid=str(generate_uid()), ds=begun_step(order), calling_ae_title="CT_EAST")
    instances = slices(2, order.study_instance_uid)
    announce_instances(order.study_instance_uid, uids(instances), "commitment")
    for ds in instances:
        take_in(ds)
    assert not is_complete(order.study_instance_uid)


def test_a_step_that_never_ends_holds_its_study_for_a_while_only(
    enrolled: Identity, take_in: TakeIn, settings: Settings
) -> None:
    settings.PROCEDURE_STEP_OPEN_SECONDS = 60
    order = made_order()
    apply_order(order)
    create_performed_step(sop_instance_uid=str(generate_uid()), ds=begun_step(order), calling_ae_title="CT_EAST")
    take_in(slices(1, order.study_instance_uid)[0])
    is_quiet()
    assert complete_quiet_studies() == 0
    PerformedProcedureStep.objects.update(changed_at=timezone.now() - timedelta(seconds=61))
    assert settle_held_studies() == 1
    assert complete_quiet_studies() == 1


def test_a_discontinued_step_without_images_leaves_the_study_to_quiet(enrolled: Identity, take_in: TakeIn) -> None:
    order = made_order()
    apply_order(order)
    performed = str(generate_uid())
    create_performed_step(sop_instance_uid=performed, ds=begun_step(order), calling_ae_title="CT_EAST")
    take_in(slices(1, order.study_instance_uid)[0])
    change_performed_step(sop_instance_uid=performed, ds=ended_step("DISCONTINUED"))
    assert not is_complete(order.study_instance_uid)
    is_quiet()
    assert complete_quiet_studies() == 1


def test_an_announcement_that_missed_its_instance_by_a_moment_is_found(enrolled: Identity, take_in: TakeIn) -> None:
    ds = slices(1)[0]
    announce_instances(STUDY, uids([ds]), "commitment")
    hold = StudyHold.objects.get()
    AnnouncedInstance.objects.update(study_instance_uid="1.2.3")
    take_in(ds)
    AnnouncedInstance.objects.update(study_instance_uid=STUDY)
    assert not is_complete()
    assert hold.until > timezone.now()
    assert settle_held_studies() == 1
    assert is_complete()


def test_announcements_of_long_ago_are_forgotten(enrolled: Identity) -> None:
    announce_instances(STUDY, ["1.2.3", "1.2.4"], "procedure_step")
    announce_instances(STUDY, ["1.2.3"], "commitment")
    AnnouncedInstance.objects.filter(sop_instance_uid="1.2.4").update(announced_at=timezone.now() - timedelta(days=31))
    assert prune_announced() == 1
    assert list(AnnouncedInstance.objects.values_list("sop_instance_uid", "announced_by")) == [("1.2.3", "commitment")]
