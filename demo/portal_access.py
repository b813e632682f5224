"""Gives the demonstration's consultants their dated grants."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.db.models import QuerySet
from django.utils import timezone

from audit.actors import Actor
from demo.people import STAFF, DemoPerson
from demo.state_files import write_json
from portal.accounts.models import User
from portal.grants.models import Grant, Permission
from portal.grants.policy import visible_studies
from portal.grants.services import GrantTerms, give_grant
from portal.institutions.models import Role

LIFETIME = timedelta(days=10)
RENEWAL = timedelta(days=1)
ASKED = {
    "A": ("04-55011", "Second opinion: is the growth of the nodule beyond measurement error?"),
    "B": ("IS-88204", "Second opinion before surgery: low grade glioma or cortical dysplasia?"),
}
"""Accession number of the study on which each institution asks its consultant, and the question."""


def give_grants(grants_file: Path) -> None:
    """Give every consultant one study to look at, unless they have it for a while yet; note in a file until when."""
    for consultant in STAFF:
        if consultant.role == Role.CONSULTANT:
            give_grant_to(consultant)
    ends = [grant.valid_until for grant in running_grants()]
    write_json(grants_file, {"until": min(ends).isoformat()})


def running_grants() -> QuerySet[Grant]:
    """The grants of the demonstration's consultants that will last for a while yet."""
    names = [one.username for one in STAFF if one.role == Role.CONSULTANT]
    soon = timezone.now() + RENEWAL
    return Grant.objects.filter(user__username__in=names, valid_until__gt=soon, revoked_at__isnull=True)


def give_grant_to(consultant: DemoPerson) -> None:
    """One study of the consultant's institution, given by its first radiologist."""
    grantee = User.objects.get(username=consultant.username)
    if running_grants().filter(user=grantee).exists():
        return
    radiologist = next(
        one for one in STAFF if one.role == Role.RADIOLOGIST and one.institution == consultant.institution
    )
    giver = User.objects.get(username=radiologist.username)
    accession, question = ASKED[consultant.institution]
    study = visible_studies(giver).get(accession_number=accession)
    actor = Actor(str(giver.subject), giver.full_name, Role.RADIOLOGIST, study.server.institution.short_name)
    terms = GrantTerms(
        permissions=(Permission.VIEW, Permission.REPORT), valid_until=timezone.now() + LIFETIME, reason=question
    )
    give_grant(actor=actor, giver=giver, grantee=grantee, study=study, terms=terms)
