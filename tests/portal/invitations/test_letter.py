"""From the letter that a mail server really got to the page where the new person stands, signed in."""

import re

import pytest

from audit.models import AuditEvent
from portal.accounts.models import User
from portal.institutions.models import Role
from tests.portal.accounts.factories import PASSWORD
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.smtp import smtp_server, text_of

__all__ = ["smtp_server"]


def test_a_letter_leads_to_an_account_with_the_role(client, committed_db, smtp_server, settings) -> None:
    settings.PORTAL_URL = "https://portal.example"
    institution = InstitutionFactory(name="Nistru Clinical Hospital")
    inviter = MembershipFactory(
        institution=institution, role=Role.INSTITUTION_ADMINISTRATOR, user__last_name="Ciobanu"
    ).user
    client.force_login(inviter)
    client.post(
        "/people/invitations/",
        {"email": "a.kaya@onko.example", "role": "radiologist", "institution": institution.pk},
    )
    client.logout()
    [letter] = smtp_server.to("a.kaya@onko.example")
    assert letter["Subject"] == "Nistru Clinical Hospital invites you to DICOM Network"
    text = text_of(letter)
    assert "Elena Ciobanu" in text
    assert "as: Radiologist" in text
    [address] = re.findall(r"https://portal\.example(/invitations/[\w-]{43}/)", text)
    html = client.get(address).content.decode()
    token = re.search(r'name="token"\s+value="([\w-]{43})"', html)
    form = {"first_name": "Aylin", "last_name": "Kaya", "way": "password"}
    answer = client.post(
        "/invitations/accept/", {**form, "token": token[1], "password": PASSWORD, "password_again": PASSWORD}
    )
    assert answer.status_code == 302
    person = User.objects.get(email="a.kaya@onko.example")
    assert client.session["_auth_user_id"] == str(person.pk)
    assert person.memberships.get().role == "radiologist"
    assert token[1] not in str(list(AuditEvent.objects.values()))


@pytest.mark.django_db
def test_nothing_is_sent_where_nothing_was_kept(client, smtp_server) -> None:
    membership = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)
    client.force_login(membership.user)
    client.post("/people/invitations/", {"email": "x", "role": "radiologist", "institution": membership.institution.pk})
    assert smtp_server.letters == []
