"""An attacker walks every address: forged forms, ids of others, tokens that only read, people who are kept out."""

import io
import json
import logging
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import Action, AuditEvent
from portal.accounts.models import ApiToken, User
from portal.grants.models import Grant
from portal.institutions.models import Institution, Membership, Role
from portal.institutions.suspensions import suspend_account
from portal.sharing.models import ShareLink
from tests.architecture.test_guards import ALL
from tests.portal.estate import (
    INVITED,
    Estate,
    events_after,
    is_api,
    make_estate,
    make_token,
    newest,
    person_of_all_roles,
)
from tests.portal.grants.factories import NATIONAL_IDS, MembershipFactory, UserFactory, actor_for
from tests.portal.sharing.factories import make_link

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(150)]

UNSAFE = ("post", "put", "patch", "delete")
JSON = "application/json"
DENIED = (404, [Action.ACCESS_DENIED])
# Requests there are signed by their sender; no cookie of a browser counts.
SIGNED = "wire/"
# Open to everybody, each with a secret or a proof of its own; what is absent there is no try at somebody's data.
DOORS = ("accounts/password/reset/", "accounts/oidc/")
# Who breaks the glass may do so; tests of their own say how.
EMERGENCY = re.compile(r"^break-glass/<study_uid:")
# Good wherever it is good at all, so that only the id in the address can be what is refused.
BODY = {
    "role": "radiologist",
    "national_id": NATIONAL_IDS[1],
    "written_as": "Botnari^Mihail",
    "is_the_bearer": "no",
    "reason": "Compared the passport carefully",
    "note": "Spoke with the emergency room",
    "permissions": ["view"],
    "answer": "No metastasis.",
    "time_zone": "Europe/Chisinau",
    "label": "for a friend",
    "life": "7",
    "max_uses": "1",
}


@pytest.fixture
def estate() -> Estate:
    """What belongs to others."""
    return make_estate()


def test_no_form_and_no_call_of_another_site_is_taken(estate) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person_of_all_roles())
    taken = []
    for place, pattern in ALL:
        if place.startswith(SIGNED):
            continue
        for method in UNSAFE:
            answer = getattr(browser, method)(estate.address(place), "{}", content_type=JSON)
            if answer.status_code not in ({403, 405} if is_api(pattern) else {403}):
                taken.append((method, place, answer.status_code))
    assert taken == []


@pytest.mark.parametrize("role", ["", *set(Role) - {Role.SYSTEM_ADMINISTRATOR}])
def test_what_belongs_to_another_institution_is_absent_by_every_id(estate, role) -> None:
    person = MembershipFactory(role=role).user if role else UserFactory()
    browser = Client()
    browser.force_login(person)
    until = (timezone.localdate() + timedelta(days=3)).isoformat()
    body = {**BODY, "until": until, "valid_until": until, "institution": estate.institution.pk}
    kept = state_of_network()
    reached, tried = [], 0
    for place, pattern in ALL:
        if "<" not in place or place.startswith(DOORS) or EMERGENCY.match(place) or "passkeys" in place:
            continue
        address = estate.address(place)
        sent = json.dumps({**body, "institution": estate.institution.code}) if is_api(pattern) else body
        kind = {"content_type": JSON} if is_api(pattern) else {}
        for method in ("get", *(UNSAFE if is_api(pattern) else ("post",))):
            before = newest()
            answer = browser.get(address) if method == "get" else getattr(browser, method)(address, sent, **kind)
            if answer.status_code != 405:
                tried += 1
                if (answer.status_code, events_after(before)) != DENIED:
                    reached.append((method, place, answer.status_code, events_after(before)))
    assert reached == []
    assert tried > 50
    assert state_of_network() == kept


def state_of_network() -> list[list[tuple]]:
    """What a successful attack would have changed."""
    rows = (Grant, Membership, Institution, ShareLink)
    people = User.objects.order_by("pk").values_list("pk", "is_active", "suspended_at", "password")
    return [list(people), *(list(model.objects.order_by("pk").values_list()) for model in rows)]


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMINISTRATOR, Role.INSTITUTION_ADMINISTRATOR, Role.AUDITOR])
def test_who_governs_gets_no_picture_of_their_own_institution_either(estate, role) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(role=role, institution=estate.institution).user)
    uid = estate.study.study_instance_uid
    for send, address in (
        (browser.get, f"/viewer/{uid}/"),
        (browser.get, f"/studies/{uid}/"),
        (browser.get, f"/worklist/panel/{uid}/"),
        (browser.get, f"/api/v1/studies/{uid}/"),
        (browser.get, f"/api/v1/studies/{uid}/findings/"),
        (browser.post, f"/api/v1/studies/{uid}/viewer-token/"),
        (browser.post, f"/studies/{uid}/share/"),
    ):
        before = newest()
        assert (send(address).status_code, events_after(before)) == DENIED
    assert browser.get("/api/v1/studies/").json()["results"] == []


def test_ids_in_bodies_reach_nothing_of_others_either(estate) -> None:
    own = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR)
    MembershipFactory(user=own.user, institution=own.institution, role=Role.RADIOLOGIST)
    colleague = MembershipFactory(institution=own.institution).user
    browser = Client()
    browser.force_login(own.user)
    ids, uid, code = estate.ids, estate.study.study_instance_uid, estate.institution.code
    until = (timezone.now() + timedelta(days=3)).isoformat()
    role = {"role": "radiologist"}
    named = {"name": "Theirs", "issuer": "https://sso.evil.example", "client_id": "x", "client_secret": "y" * 32}
    domains = {"domains": ["evil.example"], "role_mapping": {"staff": "radiologist"}}
    bodies = {
        "/api/v1/invitations/": {"email": "new@evil.example", "institution": code, **role},
        f"/api/v1/people/{colleague.subject}/memberships/": {"institution": code, **role},
        "/api/v1/grants/": {"grantee": colleague.username, "study_instance_uid": uid, "valid_until": until},
        "/api/v1/share-links/": {"label": "x", "study_instance_uid": uid, "valid_until": until, "max_uses": 1},
        "/api/v1/identity-providers/": {"institution": code, **named, **domains},
    }
    forms = {
        "/people/invitations/": {"email": "new@evil.example", "institution": estate.institution.pk, **role},
        f"/people/{colleague.pk}/roles/": {"institution": estate.institution.pk, **role},
        "/hat/": {"membership": ids["membership_pk"]},
    }
    kept = state_of_network()
    for address, body in bodies.items():
        before = newest()
        answer = browser.post(address, json.dumps(body), content_type=JSON)
        assert (answer.status_code, events_after(before)) == DENIED, address
    for address, form in forms.items():
        before = newest()
        assert (browser.post(address, form).status_code, events_after(before)) == DENIED, address
    assert state_of_network() == kept


def test_a_program_sets_nothing_that_is_not_its_to_set(estate) -> None:
    browser = Client()
    administrator = MembershipFactory(role=Role.INSTITUTION_ADMINISTRATOR, institution=estate.institution).user
    browser.force_login(administrator)
    code, name = estate.institution.code, estate.institution.name
    own = {"shows_staff_names": True, "code": "taken", "name": "Taken", "short_name": "Taken", "id": 1}
    assert browser.patch(f"/api/v1/institutions/{code}/", json.dumps(own), content_type=JSON).status_code == 200
    estate.institution.refresh_from_db()
    assert (estate.institution.code, estate.institution.name) == (code, name)
    more = {"name": "mine", "days": 1, "is_read_only": True, "user": estate.reader.pk, "made_with_second_factor": True}
    made = browser.post("/api/v1/me/tokens/", json.dumps(more), content_type=JSON).json()
    assert ApiToken.objects.get(pk=made["id"]).token.user == administrator
    assert not ApiToken.objects.get(pk=made["id"]).made_with_second_factor


def test_a_token_that_only_reads_changes_nothing_by_any_address(estate) -> None:
    _, text = make_token(person_of_all_roles(), is_read_only=True)
    headers = {"Authorization": f"Token {text}", "Accept": JSON}
    kept = state_of_network()
    refused = 0
    for place, _pattern in ALL:
        if not place.startswith("api/") or "viewer-token" in place:
            continue
        for method in UNSAFE:
            before = newest()
            answer = getattr(Client(), method)(estate.address(place), "{}", content_type=JSON, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "token_read_only"), (method, place)
            assert events_after(before) == [Action.ACCESS_DENIED], (method, place)
            refused += 1
    assert refused > 100
    assert state_of_network() == kept


def test_who_is_suspended_reaches_nothing_by_session_or_token(estate) -> None:
    _, text = make_token(estate.reader)
    browser = Client()
    browser.force_login(estate.reader)
    assert browser.get(f"/viewer/{estate.study.study_instance_uid}/").status_code == 200
    administrator = MembershipFactory(role=Role.SYSTEM_ADMINISTRATOR).user
    suspend_account(actor=actor_for(administrator), administrator=administrator, person_pk=estate.reader.pk)
    for place, _pattern in ALL:
        if not place.startswith(("api/", "studies/", "viewer/", "worklist/", "sharing/", "questions/", "grants/")):
            continue
        address = estate.address(place)
        assert Client().get(address, headers={"Authorization": f"Token {text}"}).status_code in {302, 401, 405}, place
        for method in ("get", "post"):
            answer = getattr(browser, method)(address)
            assert answer.status_code in {302, 401, 405}, place
            assert answer.status_code != 302 or answer["Location"].startswith("/accounts/login/"), place


@pytest.mark.parametrize("role", list(Role))
def test_no_answer_is_framed_kept_or_runs_what_it_did_not_load(estate, role) -> None:
    browser = Client()
    browser.force_login(MembershipFactory(role=role, institution=estate.institution).user)
    written = re.compile(r'<script(?![^>]*(?:src=|type="application/json"))|\s(?:style|on[a-z]+)="|="javascript:')
    for place, _pattern in ALL:
        answer = browser.get(estate.address(place))
        policy = answer["Content-Security-Policy"]
        # What draws images sets styles of its own; scripts are those of the portal there too.
        assert "'unsafe-" not in (scripts_of(policy) if place.startswith("viewer/") else policy), place
        assert "frame-ancestors 'none'" in policy, place
        assert answer["X-Frame-Options"] == "DENY", place
        assert answer["X-Content-Type-Options"] == "nosniff", place
        assert answer["Referrer-Policy"] in {"same-origin", "strict-origin", "no-referrer"}, place
        assert "no-store" in answer["Cache-Control"], place
        assert not written.search(answer.content.decode()), place


def scripts_of(policy: str) -> str:
    """Where scripts may come from, but for the decoders in WebAssembly."""
    (found,) = [part for part in policy.split(";") if part.strip().startswith("script-src ")]
    return found.replace("'wasm-unsafe-eval'", "")


def test_no_line_of_the_log_holds_what_opens_an_address(estate) -> None:
    link = make_link(study=estate.study)
    handler = next(one for one in logging.getLogger().handlers if one.get_name() == "stderr")
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    reset = "/accounts/password/reset/2b/"
    key = "dknbe4-0b9e0a5b8c5e7f2d1a"
    try:
        for address in (f"/share/{link.token}", f"/invitations/{INVITED}", f"{reset}{key}"):
            for tail in ("/", "", "/x", "//", ".", "/%0a", "/?a=%00"):
                for method in ("get", "head", "options", "trace", *UNSAFE):
                    getattr(Client(enforce_csrf_checks=True), method)(f"{address}{tail}")
                    getattr(Client(), method)(f"{address}{tail}")
    finally:
        handler.setStream(before)
    written = lines.getvalue()
    assert "/share/(left out)" in written
    assert "/invitations/(left out)" in written
    assert f"{reset}(left out)" in written
    assert [secret for secret in (link.token, INVITED, key) if secret in written] == []
    assert not AuditEvent.objects.filter(details__icontains=link.token).exists()
