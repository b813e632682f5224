"""Asks the demonstration's consultants for an opinion each, which opens one study to them until the deadline."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db.models import QuerySet
from django.utils import timezone

from audit.actors import Actor
from demo.people import STAFF, DemoPerson
from demo.state_files import write_json
from portal.accounts.models import User
from portal.consultations.services import Question, ask
from portal.grants.models import Grant
from portal.grants.policy import visible_studies
from portal.institutions.models import Role

LIFETIME = timedelta(days=10)
RENEWAL = timedelta(days=1)
CONSULTANTS_DOMAIN = "consultants.example"
ASKED = {
    "A": ("04-55011", "Is the growth of the nodule beyond the error of measurement?"),
    "B": ("IS-88204", "Before surgery: low grade glioma or cortical dysplasia?"),
}
"""Accession number of the study on which each institution asks its consultant, and the question."""


def give_grants(grants_file: Path) -> None:
    """Ask every consultant about one study, unless they have it for a while yet; note in a file until when."""
    for consultant in STAFF:
        if consultant.role == Role.CONSULTANT:
            ask_consultant(consultant)
    ends = [grant.valid_until for grant in running_grants()]
    write_json(grants_file, {"until": min(ends).isoformat()})


def running_grants() -> QuerySet[Grant]:
    """The grants of the demonstration's consultants that will last for a while yet."""
    names = [one.username for one in STAFF if one.role == Role.CONSULTANT]
    soon = timezone.now() + RENEWAL
    return Grant.objects.filter(user__username__in=names, valid_until__gt=soon, revoked_at__isnull=True)


def ask_consultant(consultant: DemoPerson) -> None:
    """About one study of the consultant's institution, asked by its first radiologist, with the patient's identity."""
    person = User.objects.get(username=consultant.username)
    if running_grants().filter(user=person).exists():
        return
    asker = next(one for one in STAFF if one.role == Role.RADIOLOGIST and one.institution == consultant.institution)
    radiologist = User.objects.get(username=asker.username)
    accession, text = ASKED[consultant.institution]
    study = visible_studies(radiologist).get(accession_number=accession)
    institution = study.server.institution.short_name
    actor = Actor(str(radiologist.subject), radiologist.full_name, Role.RADIOLOGIST, institution)
    question = Question(
        email=proved_address(person),
        text=text,
        deadline=timezone.now() + LIFETIME,
        without_identity=False,
        consultant_name=person.full_name,
        consent="On paper, in the patient's file",
    )
    ask(actor=actor, inviter=radiologist, studies=[study], question=question)


def proved_address(person: User) -> str:
    """An address that is the person's, so that the question is theirs without an invitation."""
    address = f"{person.username}@{CONSULTANTS_DOMAIN}"
    EmailAddress.objects.get_or_create(user=person, email=address, defaults={"verified": True, "primary": True})
    return address
