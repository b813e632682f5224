"""Who may set an institution's identity providers up: its administrator, and nobody else."""

import pytest
from allauth.socialaccount.models import SocialApp
from django.urls import reverse

from audit.models import AuditEvent
from portal.institutions.models import Role
from portal.single_sign_on.models import AwaitedConnection, IdentityProvider
from tests.portal.accounts.factories import UserFactory
from tests.portal.institutions.factories import InstitutionFactory, MembershipFactory
from tests.portal.single_sign_on.factories import make_provider

pytestmark = pytest.mark.django_db
SECRET = "another-secret-that-nobody-reads"


def member(role, institution):
    user = UserFactory()
    MembershipFactory(user=user, role=role, institution=institution)
    return user


@pytest.fixture
def institution():
    return InstitutionFactory()


@pytest.fixture
def provider(institution):
    return make_provider(institution)


@pytest.fixture
def administrator(institution):
    return member(Role.INSTITUTION_ADMINISTRATOR, institution)


def body(institution, **changed):
    return {
        "institution": institution.code,
        "name": "Nistru",
        "issuer": "https://sso.nistru.example",
        "client_id": "portal",
        "client_secret": SECRET,
        "domains": ["nistru.example"],
        "role_mapping": {"radiology": "radiologist"},
        **changed,
    }


def form(institution, **changed):
    return {
        "institution": institution.pk,
        "name": "Nistru",
        "issuer": "https://sso.nistru.example/",
        "client_id": "portal",
        "client_secret": SECRET,
        "domains": "nistru.example, Clinic.Nistru.example",
        "role_claim": "groups",
        "gives_radiologist": "radiology, night shift",
        "is_enabled": "on",
        **changed,
    }


def denied(action="access_denied"):
    return AuditEvent.objects.filter(action=action).count()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.INSTITUTION_ADMINISTRATOR, Role.SYSTEM_ADMINISTRATOR}))
def test_other_roles_find_nothing(client, institution, provider, role):
    client.force_login(member(role, institution))
    for address in (reverse("identity_providers"), reverse("identity_provider", args=[provider.pk])):
        before = denied()
        answer = client.get(address)
        assert answer.status_code == 404
        assert provider.issuer not in answer.content.decode()
        assert denied() == before + 1
    before = denied()
    answer = client.post(reverse("api_identity_providers"), body(institution), content_type="application/json")
    assert answer.status_code == 404
    assert denied() == before + 1
    assert IdentityProvider.objects.count() == 1


def test_the_other_institutions_administrator_finds_nothing(client, institution, provider):
    other = InstitutionFactory()
    client.force_login(member(Role.INSTITUTION_ADMINISTRATOR, other))
    assert client.get(reverse("api_identity_providers")).json()["results"] == []
    assert provider.app.name not in client.get(reverse("identity_providers")).content.decode()
    tries = [
        lambda: client.get(reverse("identity_provider", args=[provider.pk])),
        lambda: client.post(reverse("identity_provider", args=[provider.pk]), form(other)),
        lambda: client.post(reverse("connect_to_identity_provider", args=[provider.pk]), {"person": "1"}),
        lambda: client.get(reverse("api_identity_provider", args=[provider.pk])),
        lambda: client.patch(
            reverse("api_identity_provider", args=[provider.pk]), {"name": "Mine"}, content_type="application/json"
        ),
        lambda: client.delete(reverse("api_identity_provider", args=[provider.pk])),
        lambda: client.post(reverse("api_identity_providers"), body(institution), content_type="application/json"),
    ]
    for act in tries:
        before = denied()
        assert act().status_code == 404
        assert denied() == before + 1
    provider.refresh_from_db()
    assert provider.is_enabled
    assert provider.app.name == "Nistru Clinical"
    assert IdentityProvider.objects.count() == 1


def test_who_is_signed_out_is_led_to_sign_in(client, provider):
    assert client.get(reverse("identity_providers")).status_code == 302
    assert client.get(reverse("api_identity_providers")).status_code == 401


def test_an_administrator_sets_a_provider_up_on_the_page(client, institution, administrator):
    client.force_login(administrator)
    assert client.get(reverse("new_identity_provider")).status_code == 200
    assert client.post(reverse("new_identity_provider"), form(institution)).status_code == 302
    provider = IdentityProvider.objects.get()
    assert provider.issuer == "https://sso.nistru.example"
    assert [row.domain for row in provider.domains.all()] == ["clinic.nistru.example", "nistru.example"]
    assert provider.role_mapping == {"radiology": "radiologist", "night shift": "radiologist"}
    page = client.get(reverse("identity_provider", args=[provider.pk])).content.decode()
    assert SECRET not in page
    assert (
        client.post(
            reverse("identity_provider", args=[provider.pk]), form(institution, client_secret="", name="Other")
        ).status_code
        == 302
    )
    app = SocialApp.objects.get()
    assert (app.name, app.secret) == ("Other", SECRET)
    assert AuditEvent.objects.filter(action="identity_provider_set").count() == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"issuer": "http://sso.nistru.example"}, "issuer"),
        ({"issuer": "https://user@sso.nistru.example"}, "issuer"),
        ({"domains": "@nistru.example"}, "domains"),
        ({"domains": "example"}, "domains"),
        ({"domains": " , "}, "domains"),
        ({"client_secret": ""}, "client_secret"),
    ],
)
def test_the_page_says_beside_the_field_what_is_wrong(client, institution, administrator, changed, field):
    client.force_login(administrator)
    answer = client.post(reverse("new_identity_provider"), form(institution, **changed))
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert not IdentityProvider.objects.exists()


def test_a_domain_belongs_to_one_provider(client, institution, administrator, provider):
    client.force_login(administrator)
    answer = client.post(
        reverse("api_identity_providers"),
        body(institution, domains=["NISTRU.example"]),
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert IdentityProvider.objects.count() == 1
    assert SocialApp.objects.count() == 1


def test_programs_set_change_and_disable_a_provider(client, institution, administrator):
    client.force_login(administrator)
    answer = client.post(reverse("api_identity_providers"), body(institution), content_type="application/json")
    assert answer.status_code == 201
    assert SECRET not in answer.content.decode()
    address = reverse("api_identity_provider", args=[answer.json()["id"]])
    changed = client.patch(address, {"role_mapping": {"clinic": "referring_doctor"}}, content_type="application/json")
    assert changed.json()["role_mapping"] == {"clinic": "referring_doctor"}
    assert SECRET not in client.get(address).content.decode()
    assert client.delete(address).status_code == 204
    assert client.get(address).json()["is_enabled"] is False


@pytest.mark.parametrize("role", ["system_administrator", "auditor", "patient", "institution_administrator"])
def test_no_claim_gives_a_role_beyond_staff(client, institution, administrator, role):
    client.force_login(administrator)
    answer = client.post(
        reverse("api_identity_providers"),
        body(institution, role_mapping={"everybody": role}),
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert not IdentityProvider.objects.exists()


def test_what_a_program_may_not_set_is_not_set(client, institution, administrator, provider):
    other = InstitutionFactory()
    client.force_login(administrator)
    address = reverse("api_identity_provider", args=[provider.pk])
    client.patch(
        address,
        {"institution": other.code, "provider_id": "mine", "created_at": "2000-01-01T00:00:00Z", "id": 7},
        content_type="application/json",
    )
    provider.refresh_from_db()
    assert provider.institution == institution
    assert provider.app.provider_id != "mine"
    assert provider.created_at.year > 2000


def test_the_secret_does_not_follow_to_another_issuer(client, institution, administrator, provider):
    client.force_login(administrator)
    address = reverse("api_identity_provider", args=[provider.pk])
    answer = client.patch(address, {"issuer": "https://evil.example"}, content_type="application/json")
    assert answer.status_code == 400
    provider.app.refresh_from_db()
    assert provider.issuer == "https://sso.nistru.example"


def test_an_administrator_connects_people_of_the_institution_only(client, institution, administrator, provider):
    client.force_login(administrator)
    doctor = member(Role.REFERRING_DOCTOR, institution)
    stranger = member(Role.REFERRING_DOCTOR, InstitutionFactory())
    address = reverse("connect_to_identity_provider", args=[provider.pk])
    for person in (stranger.pk, administrator.pk, "x", 10**30):
        assert client.post(address, {"person": person}).status_code == 404
    assert not AwaitedConnection.objects.exists()
    assert client.post(address, {"person": doctor.pk}).status_code == 302
    assert AwaitedConnection.objects.get().user == doctor
    assert AuditEvent.objects.filter(action="provider_connection_allowed").count() == 1


@pytest.mark.parametrize("role", sorted(Role.values))
def test_a_provider_opens_nothing_that_somebody_holds_beyond_its_institution(
    client, institution, administrator, provider, role
):
    client.force_login(administrator)
    doctor = member(Role.REFERRING_DOCTOR, institution)
    MembershipFactory(user=doctor, institution=InstitutionFactory(), role=role)
    governing = member(Role.RADIOLOGIST, institution)
    MembershipFactory(user=governing, institution=institution, role=Role.INSTITUTION_ADMINISTRATOR)
    page = client.get(reverse("identity_provider", args=[provider.pk])).content.decode()
    for person in (doctor, governing):
        address = reverse("connect_to_identity_provider", args=[provider.pk])
        assert client.post(address, {"person": person.pk}).status_code == 404
        assert person.full_name not in page
    assert not AwaitedConnection.objects.exists()
    assert AuditEvent.objects.filter(action="access_denied").count() == 2
