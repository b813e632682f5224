"""Giving on and taking back at once, in transactions that really commit."""

from datetime import timedelta

from django.utils import timezone

from portal.grants.errors import GrantRefused
from portal.grants.models import Grant
from portal.grants.services import GrantTerms, give_grant, revoke_grant
from tests.portal.grants.factories import GrantFactory, UserFactory, actor_for, make_patient_study


def test_nothing_that_was_given_on_survives_the_access_that_allowed_it(at_once):
    for _ in range(5):
        study = make_patient_study()
        own = GrantFactory(study=study, permissions=["view", "share"])
        terms = GrantTerms(("view",), valid_until=timezone.now() + timedelta(days=1))

        def give(own=own, study=study, terms=terms):
            try:
                give_grant(actor=actor_for(own.user), giver=own.user, grantee=UserFactory(), study=study, terms=terms)
            except GrantRefused:
                return

        def revoke(own=own):
            revoke_grant(actor=actor_for(own.granted_by), revoker=own.granted_by, grant_id=own.pk)

        at_once(give, give, revoke, give, give)
        assert not Grant.objects.filter(granted_by=own.user, revoked_at=None).exists()
