"""The national identity provider as Django knows it: a backend that admits patients."""

from django.http import HttpRequest

from audit.actors import Actor
from portal.accounts.models import User
from portal.accounts.national_sign_in import AssertedIdentity
from portal.accounts.oidc_backend import NationalIdentityBackend
from portal.institutions.national_sign_in import admit_patient


class NationalPatientBackend(NationalIdentityBackend):
    """Recognises patients by their national ID."""

    def admit(self, request: HttpRequest, actor: Actor, asserted: AssertedIdentity) -> User:
        """Return the person, a patient from the first time on. Raises SignInRefused."""
        signed_in = request.user if isinstance(request.user, User) else None
        return admit_patient(actor=actor, asserted=asserted, signed_in=signed_in)
