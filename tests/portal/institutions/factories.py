"""Institutions and roles for tests."""

from datetime import timedelta

import factory
from django.utils import timezone

from portal.institutions.models import Institution, Membership, Role
from tests.portal.accounts.factories import UserFactory


class InstitutionFactory(factory.django.DjangoModelFactory):
    """An institution without people or servers."""

    class Meta:
        model = Institution

    code = factory.Sequence(lambda number: f"hospital{number}")
    name = factory.Sequence(lambda number: f"Hospital number {number}")
    short_name = factory.Sequence(lambda number: f"Hospital {number}")


class MembershipFactory(factory.django.DjangoModelFactory):
    """A running role."""

    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    institution = factory.SubFactory(InstitutionFactory)
    role = Role.RADIOLOGIST
    since = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
