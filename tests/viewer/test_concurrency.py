"""Tokens, renewals and revocations at once, in transactions that really commit."""

import threading
import time

from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.grants.models import Revocation
from portal.grants.services import revoke_grant
from portal.institutions import services as institutions
from portal.servers.signing import portal_key
from tests.portal.grants.factories import GrantFactory, actor_for, make_patient_study, radiologist_of
from viewer.services import ViewerTokenDenied, issue_viewer_token
from wire import tokens


def issue(user, study):
    return issue_viewer_token(actor=actor_for(user), user=user, study=study, session="session one")


def claims_of(issued):
    key = portal_key()
    return tokens.verify(issued.token, {key.kid: key.public_key}, str(issued.study.server_id), timezone.now())


def test_tokens_and_a_revocation_at_once_leave_no_token_that_the_revocation_misses(at_once):
    """Every token was issued before the revocation, or not at all: a later time would let it live on."""
    for _ in range(4):
        study = make_patient_study()
        grant = GrantFactory(study=study)

        def take(study=study, user=grant.user):
            try:
                return claims_of(issue(user, study))
            except ViewerTokenDenied:
                return None

        def revoke(grant=grant):
            revoke_grant(actor=actor_for(grant.granted_by), revoker=grant.granted_by, grant_id=grant.pk)

        results = at_once(take, take, revoke, take, take)
        told = Revocation.objects.get(subject=grant.user.subject)
        assert all(claims.issued_at <= told.revoked_at for claims in results if claims is not None)


def test_tokens_and_the_end_of_a_role_at_once_leave_no_token_issued_after_it(at_once, monkeypatch):
    """The end is stamped, then something slow happens before it is committed: a token asked for meanwhile waits."""
    study = make_patient_study()
    radiologist = radiologist_of(study.server.institution)
    membership = radiologist.memberships.get()
    is_stamped = threading.Event()

    def slow_record(**_):
        is_stamped.set()
        time.sleep(1.2)

    monkeypatch.setattr(institutions, "record_role_taken", slow_record)

    def end():
        institutions.end_role(actor=actor_for(radiologist), membership=membership)

    def take():
        is_stamped.wait(5)
        time.sleep(1.1)
        try:
            return claims_of(issue(radiologist, study))
        except ViewerTokenDenied:
            return None

    assert at_once(end, take)[1] is None


def test_first_tokens_at_once_are_one_viewing_session(at_once):
    study = make_patient_study()
    radiologist = radiologist_of(study.server.institution)
    results = at_once(*[lambda: claims_of(issue(radiologist, study)).sid] * 4)
    assert len(set(results)) == 1
    assert AuditEvent.objects.filter(action=Action.VIEWER_TOKEN_ISSUED).count() == 1
