"""Requests for access, and scenes around one study that somebody may not see, for tests."""

from dataclasses import dataclass, field
from datetime import timedelta

import factory
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.access.models import AccessRequest
from portal.accounts.models import User
from portal.grants.models import Permission
from portal.institutions.models import Role
from portal.studies.models import Study
from tests.portal.grants.factories import MembershipFactory, make_patient_study, national_patient

REASON = "Patient in our emergency room, cannot move his legs"


class AccessRequestFactory(factory.django.DjangoModelFactory):
    """An open request of a doctor of another institution."""

    class Meta:
        model = AccessRequest

    requester = factory.LazyFunction(lambda: MembershipFactory(role=Role.RADIOLOGIST).user)
    study = factory.LazyFunction(make_patient_study)
    permissions = factory.LazyFunction(lambda: [Permission.VIEW, Permission.DOWNLOAD])
    wanted_until = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))
    reason = REASON
    requested_at = factory.LazyFunction(timezone.now)


@dataclass(frozen=True)
class Scene:
    """A study, its owner's administrator, another institution's, and a doctor without access."""

    study: Study = field(default_factory=lambda: make_patient_study(patient=national_patient()))
    doctor: User = field(default_factory=lambda: MembershipFactory(role=Role.REFERRING_DOCTOR).user)
    other_administrator: User = field(
        default_factory=lambda: MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR).user
    )

    @property
    def address(self) -> str:
        """Path of the study below a prefix, with the server that holds it."""
        return f"{self.study.study_instance_uid}/?server={self.study.server_id}"

    def person(self, role: Role) -> User:
        """Somebody of the institution that owns the study."""
        return MembershipFactory(role=role, institution=self.study.server.institution).user


def acts():
    """What was written, but for sign-ins, the oldest first."""
    return AuditEvent.objects.exclude(action=Action.SIGNED_IN).order_by("pk")
