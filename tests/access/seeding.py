"""Makes the people of the matrix in a running portal, and later ends the access of some; run with its environment.

python -m tests.access.seeding begin ACCESSION OTHER-ACCESSION   prints what the tests must know, as JSON
python -m tests.access.seeding end PREFIX                        ends what is to end
"""

import json
import secrets
import sys
from datetime import timedelta
from typing import Any

import django

EXPIRES_SECONDS = 60


class Seeding:
    """The people, made with the services that pages use where one exists."""

    def __init__(self, accession: str, other_accession: str) -> None:
        from django.utils import timezone

        from audit.actors import SystemActor
        from portal.institutions.models import Institution
        from portal.studies.models import Study

        self.now = timezone.now()
        self.actor = SystemActor("matrix")
        self.here, self.there = Institution.objects.get(code="A"), Institution.objects.get(code="B")
        self.study = Study.objects.get(accession_number=accession)
        self.other_study = Study.objects.get(accession_number=other_accession)
        self.people: dict[str, dict[str, str]] = {}
        self.prefix = f"matrix-{secrets.token_hex(3)}"
        self.address = f"guest@{self.prefix}.example"

    def person(self, key: str, role: str = "", institution: Any = None, email: str = "") -> Any:
        """Somebody who can sign in; without a role they are nobody special."""
        from portal.accounts.models import User
        from portal.institutions.models import Role
        from portal.institutions.services import give_role

        password = secrets.token_urlsafe(18)
        user = User(username=f"{self.prefix}.{key}", first_name="Matrix", last_name=key, email=email)
        user.set_password(password)
        user.save()
        if role:
            give_role(actor=self.actor, person=user, institution=institution or self.here, role=Role(role))
        self.people[key] = {"username": user.username, "password": password}
        return user

    def give(self, recipient: Any, **changed: Any) -> Any:
        """A grant by the institution's radiologist."""
        from portal.grants.services import GrantTerms, give_grant

        study = changed.pop("study", self.study)
        terms = {"permissions": ("view",), "valid_until": self.now + timedelta(hours=1), **changed}
        return give_grant(actor=self.actor, giver=self.giver, grantee=recipient, study=study, terms=GrantTerms(**terms))

    def begin(self) -> dict[str, Any]:
        """Everybody, with access that runs."""
        self.by_role()
        self.by_grant()
        self.by_other_ways()
        self.whose_access_ends()
        return {
            "prefix": self.prefix,
            "people": self.people,
            "study_instance_uid": self.study.study_instance_uid,
            "other_study_instance_uid": self.other_study.study_instance_uid,
            "server_id": str(self.study.server_id),
            "dicomweb_url": self.study.server.dicomweb_url,
            "patient_markers": [self.study.patient.patient_name.split("^")[0], self.study.patient.patient_id],
            "mapped_uid": self.mapped_uid,
        }

    def by_role(self) -> None:
        """Those whom a role opens the study, or does not."""
        from portal.grants.assignments import assign_study
        from portal.institutions.services import set_physician_alias

        self.giver = self.person("radiologist", "radiologist")
        self.person("other_radiologist", "radiologist", self.there)
        assigned = self.person("assigned_radiologist", "radiologist", self.there)
        assign_study(actor=self.actor, assigned_by=self.giver, radiologist=assigned, study=self.study)
        names = [row.physician_name for row in self.study.physicians.all()]
        for key, institution in (("named_doctor", self.here), ("other_doctor", self.there)):
            doctor = self.person(key, "referring_doctor", institution)
            for name in names:
                set_physician_alias(actor=self.actor, membership=doctor.memberships.get(), written_as=name)
        self.person("unnamed_doctor", "referring_doctor")
        for key in ("institution_administrator", "system_administrator", "auditor"):
            self.person(key, key)
        self.person("other_administrator", "institution_administrator", self.there)
        self.person("nobody_special")
        self.patient_in_conflict()

    def patient_in_conflict(self) -> None:
        """A patient to whom an identifier of another issuer leads: two people bear it, and the study's is one."""
        from portal.accounts.models import NationalIdentity
        from portal.studies.models import PatientIdentifier

        person = self.person("patient_in_conflict", "patient")
        for patient in (self.study.patient, self.other_study.patient):
            PatientIdentifier.objects.create(patient=patient, issuer=self.prefix, identifier="4711", kind="national")
        NationalIdentity.objects.create(
            user=person, issuer=self.prefix, national_id="4711", asserted_by="matrix", asserted_at=self.now
        )

    def by_grant(self) -> None:
        """Those to whom somebody gave access, or not."""
        from allauth.account.models import EmailAddress

        from portal.grants.recipients import Address, RoleAt
        from portal.institutions.models import Role

        self.give(self.person("consultant", "consultant"))
        self.give(self.person("consultant_without_grant", "consultant"), study=self.other_study)
        tomorrow = self.now + timedelta(days=1)
        self.give(
            self.person("consultant_later", "consultant"), valid_from=tomorrow, valid_until=tomorrow + timedelta(days=1)
        )
        self.give(self.person("granted"), permissions=("view", "download"))
        self.give(self.person("granted_patient"), whole_patient=True)
        elsewhere = self.hospital("role")
        self.person("granted_by_role", "referring_doctor", elsewhere)
        self.person("not_of_granted_role", "radiologist", elsewhere)
        self.give(RoleAt(Role.REFERRING_DOCTOR, elsewhere))
        proved, claimed = (
            self.person("granted_by_address", email=self.address),
            self.person("unproved_address", email=self.address),
        )
        EmailAddress.objects.create(user=proved, email=self.address, verified=True, primary=True)
        EmailAddress.objects.create(user=claimed, email=f"x{self.address}", verified=True, primary=True)
        self.give(Address(self.address))

    def by_other_ways(self) -> None:
        """A share link, break-glass and a consultation without identity."""
        from portal.accounts.models import User
        from portal.consultations.services import Question, ask
        from portal.grants.break_glass import open_by_break_glass
        from wire.deidentification import Option, map_uid

        self.share("link_holder")
        doctor = self.person("break_glass", "referring_doctor", self.there)
        open_by_break_glass(
            actor=self.actor, person=doctor, study=self.study, reason="Unconscious in our emergency room"
        )
        consultant = self.person("without_identity", "consultant", email=f"consultant@{self.prefix}.example")
        self.prove(consultant)
        consultation = ask(
            actor=self.actor,
            inviter=User.objects.get(pk=self.giver.pk),
            studies=[self.study],
            question=Question(
                email=consultant.email,
                text="Is this growth beyond the error of measurement?",
                deadline=self.now + timedelta(days=1),
                options=(Option.SHIFT_DATES,),
                pixels_checked=True,
            ),
        )
        self.people["without_identity_mapped"] = self.people["without_identity"]
        self.mapped_uid = map_uid(consultation.grants.get().deidentification_key, self.study.study_instance_uid)

    def whose_access_ends(self) -> None:
        """Those whose access runs now, and ends when `end` says so."""
        from portal.grants.break_glass import open_by_break_glass
        from portal.grants.recipients import RoleAt
        from portal.institutions.models import Role

        self.give(self.person("expired"), valid_until=self.now + timedelta(seconds=EXPIRES_SECONDS))
        self.give(self.person("revoked"))
        elsewhere = self.hospital("revoked")
        self.person("revoked_role", "referring_doctor", elsewhere)
        self.give(RoleAt(Role.REFERRING_DOCTOR, elsewhere))
        self.share("revoked_link")
        doctor = self.person("closed_break_glass", "radiologist", self.there)
        open_by_break_glass(
            actor=self.actor, person=doctor, study=self.study, reason="Unconscious in our emergency room"
        )
        for key in ("suspended_person", "suspended_role", "ended_role"):
            self.person(key, "radiologist")

    def hospital(self, name: str) -> Any:
        """An institution to whose doctors access is given as a whole."""
        from portal.institutions.services import create_institution

        return create_institution(
            code=f"{self.prefix}-{name}", name=f"Matrix Hospital {name}", short_name=f"Matrix {name}"
        )

    def share(self, key: str) -> None:
        """A share link of the institution's radiologist; its holder signs in by token and PIN."""
        from portal.sharing.services import LinkTerms, make_share_link

        terms = LinkTerms(label=key, valid_until=self.now + timedelta(hours=1), max_uses=5)
        made = make_share_link(actor=self.actor, maker=self.giver, study=self.study, terms=terms)
        self.people[key] = {"share_token": made.token, "pin": made.pin}

    def prove(self, person: Any) -> None:
        """The address of the account is the person's."""
        from allauth.account.models import EmailAddress

        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)


def end(prefix: str) -> None:
    """End the access of those whose access ends; that of `expired` ends by itself."""
    from django.utils import timezone

    from audit.actors import SystemActor
    from portal.accounts.models import User
    from portal.grants.break_glass import close_break_glass
    from portal.grants.models import Grant
    from portal.grants.services import revoke_grant
    from portal.institutions.models import Membership
    from portal.institutions.services import end_role
    from portal.sharing.models import ShareLink
    from portal.sharing.services import revoke_share_link

    def person(key: str) -> Any:
        return User.objects.get(username=f"{prefix}.{key}")

    actor, giver, now = SystemActor("matrix"), person("radiologist"), timezone.now()
    for grant in (
        Grant.objects.get(user=person("revoked")),
        Grant.objects.get(role_institution__code=f"{prefix}-revoked"),
    ):
        revoke_grant(actor=actor, revoker=giver, grant_id=grant.pk)
    revoke_share_link(
        actor=actor, revoker=giver, link_id=ShareLink.objects.get(label="revoked_link", created_by=giver).pk
    )
    opening = Grant.objects.get(user=person("closed_break_glass"))
    close_break_glass(actor=actor, person=person("closed_break_glass"), grant_id=opening.pk)
    User.objects.filter(pk=person("suspended_person").pk).update(suspended_at=now, is_active=False)
    Membership.objects.filter(user=person("suspended_role")).update(suspended_at=now)
    end_role(actor=actor, membership=person("ended_role").memberships.get())


def main(arguments: list[str]) -> int:
    """Run one part with the portal's settings, which the environment names."""
    django.setup()
    match arguments:
        case ["begin", accession, other_accession]:
            from django.db import transaction

            with transaction.atomic():
                print(json.dumps(Seeding(accession, other_accession).begin()))
        case ["end", prefix]:
            end(prefix)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
