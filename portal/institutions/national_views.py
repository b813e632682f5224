"""The last step of a national sign-in: the person begins as a patient."""

from django.http import HttpRequest

from portal.accounts.models import User
from portal.accounts.oidc_views import NationalCallback
from portal.institutions.middleware import SESSION_KEY
from portal.institutions.national_sign_in import patient_role_of


class PatientCallback(NationalCallback):
    """Comes back from the national identity provider under the patient's hat."""

    def welcome(self, request: HttpRequest, person: User) -> None:
        """Put the patient's hat on, whatever else the person is."""
        role = patient_role_of(person)
        if role is not None:
            request.session[SESSION_KEY] = role.pk
