"""Invitations for tests, with the token that only the letter knows."""

from datetime import timedelta

import factory
from django.utils import timezone

from portal.institutions.models import Role
from portal.invitations.models import Invitation
from portal.invitations.tokens import digest_of
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory

TOKEN = "t" * 43


class InvitationFactory(factory.django.DjangoModelFactory):
    """An invitation that waits, sent by an administrator of the institution; opened by TOKEN."""

    class Meta:
        model = Invitation

    token_digest = digest_of(TOKEN)
    email = factory.Sequence(lambda number: f"invited{number}@onko.example")
    institution = factory.SubFactory(InstitutionFactory)
    role = Role.RADIOLOGIST
    invited_by = factory.LazyAttribute(
        lambda invitation: (
            MembershipFactory(institution=invitation.institution, role=Role.INSTITUTION_ADMINISTRATOR).user
        )
    )
    created_at = factory.LazyFunction(timezone.now)
    sent_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=14))
