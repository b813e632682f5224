"""What is recorded of work in the viewer: measurements that were kept, and images that left it."""

from audit.actors import Actor
from audit.models import Action, AuditEvent
from audit.records import outcome_of, record
from audit.subjects import AuditedStudy


def record_measurements_saved(*, actor: Actor, study: AuditedStudy, rule: str, session_id: str) -> AuditEvent:
    """`actor` kept, changed or took away marks on the images; one event a sitting, whose versions say the rest."""
    return record(
        action=Action.MEASUREMENTS_SAVED,
        actor=actor,
        outcome=outcome_of(rule),
        study=study,
        rule=rule,
        details={"session_id": session_id},
    )


def record_measurements_stored(
    *, actor: Actor, study: AuditedStudy, rule: str, how: str, series_instance_uid: str = ""
) -> AuditEvent:
    """`actor` had measurements stored on the DICOM Server, as an object of the study."""
    return record(
        action=Action.MEASUREMENTS_STORED,
        actor=actor,
        outcome=outcome_of(rule),
        study=study,
        rule=rule,
        details={"how": how, "series_instance_uid": series_instance_uid},
    )


def record_images_printed(
    *, actor: Actor, study: AuditedStudy, rule: str, how: str, images: int, series_instance_uid: str = ""
) -> AuditEvent:
    """`actor` printed so many images."""
    return _taken(Action.IMAGES_PRINTED, actor, study, rule, how, images, series_instance_uid)


def record_images_saved(
    *, actor: Actor, study: AuditedStudy, rule: str, how: str, images: int, series_instance_uid: str = ""
) -> AuditEvent:
    """`actor` saved so many images as files."""
    return _taken(Action.IMAGES_SAVED, actor, study, rule, how, images, series_instance_uid)


def _taken(
    action: Action, actor: Actor, study: AuditedStudy, rule: str, how: str, images: int, series_instance_uid: str
) -> AuditEvent:
    return record(
        action=action,
        actor=actor,
        outcome=outcome_of(rule),
        study=study,
        rule=rule,
        details={"how": how, "instances": images, "series_instance_uid": series_instance_uid},
    )
