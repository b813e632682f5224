"""Everything that a consultant can reach without identity, page by page: nothing of the patient stands in it."""

import re
from urllib.parse import urldefrag

import pytest
from django.core import mail
from django.urls import get_resolver

from portal.consultations.services import answer, withdraw
from portal.grants.deidentified import deidentified_holdings
from portal.institutions.models import Role
from tests.architecture.test_guards import addresses
from tests.portal.consultations.factories import (
    MARKERS,
    MembershipFactory,
    actor_for,
    asked,
    consultant_person,
    inviter_of,
    marked_study,
)
from tests.portal.grants.factories import GrantFactory

pytestmark = pytest.mark.django_db

LINK = re.compile(r'(?:href|action|src|hx-get|data-[a-z-]+)="(/[^"]*)"')
# Numbers for operators, who know their servers, are open to the machine itself.
NOT_FOLLOWED = ("/static/", "/accounts/logout/", "/metrics")
API_LISTS = (
    "/api/v1/studies/",
    "/api/v1/grants/",
    "/api/v1/consultations/",
    "/api/v1/schema/",
)


@pytest.fixture
def studies():
    first = marked_study()
    return [first, marked_study(first.server, study_date="20261101")]


@pytest.fixture
def consultant(studies, client, django_capture_on_commit_callbacks):
    person = consultant_person()
    with django_capture_on_commit_callbacks(execute=True):
        asked(inviter_elsewhere(studies), *studies)
    client.force_login(person)
    return person


def inviter_elsewhere(studies):
    """A radiologist of another institution: who asks is told, who owns the studies is not."""
    person = MembershipFactory(role=Role.RADIOLOGIST).user
    for study in studies:
        GrantFactory(user=person, study=study, permissions=["view", "report", "share"])
    return person


def forbidden_in(studies) -> list[str]:
    """The markers, and every UID of the studies."""
    uids = [study.study_instance_uid for study in studies]
    return [*MARKERS, *uids]


def leaks(text: str, studies) -> list[str]:
    return [marker for marker in forbidden_in(studies) if marker in text]


def crawled(client, start: set[str]) -> dict[str, str]:
    """Every answer that is reached by following addresses from `start`, with its headers."""
    waiting, answers = set(start), {}
    while waiting:
        path = waiting.pop()
        response = client.get(path)
        content = b"".join(response.streaming_content) if response.streaming else response.content
        answers[path] = f"{response.status_code} {dict(response.headers)} {content.decode(errors='replace')}"
        if response.status_code == 200 and "html" in response.headers.get("Content-Type", ""):
            found = {urldefrag(link.replace("&amp;", "&")).url for link in LINK.findall(content.decode())}
            waiting |= {link for link in found if not link.startswith(NOT_FOLLOWED)} - set(answers)
        assert len(answers) < 200
    return answers


def starting_points(mapped: list[str], question_id) -> set[str]:
    """The consultant's home, every address of the portal that takes no argument, and those of the mapped studies."""
    places = {f"/{place}" for place, _ in addresses(get_resolver("portal.urls").url_patterns) if "<" not in place}
    own = {f"/questions/{question_id}/", f"/api/v1/consultations/{question_id}/"}
    for uid in mapped:
        own |= {f"/studies/{uid}/", f"/viewer/{uid}/", f"/worklist/panel/{uid}/", f"/studies/{uid}/consult/"}
        own |= {f"/api/v1/studies/{uid}/", f"/api/v1/studies/{uid}/findings/"}
    return {place for place in places | own | set(API_LISTS) if not place.startswith(NOT_FOLLOWED)}


def test_no_page_and_no_answer_holds_a_marker(client, consultant, studies):
    hidden = deidentified_holdings(consultant)
    mapped = [one.masked.study_instance_uid for one in hidden]
    question_id = hidden[0].grant.consultations.get().pk
    answers = crawled(client, starting_points(mapped, question_id))
    for path in (f"/questions/{question_id}/", f"/viewer/{mapped[0]}/", f"/studies/{mapped[1]}/"):
        assert answers[path].startswith("200"), path
        assert hidden[0].grant.pseudonym in answers[path]
    assert {path: leaks(text, studies) for path, text in answers.items() if leaks(text, studies)} == {}
    keys = [hidden[0].grant.deidentification_key]
    assert [path for path, text in answers.items() if any(key in text for key in keys)] == []


def test_no_post_answers_with_a_marker(client, consultant, studies):
    hidden = deidentified_holdings(consultant)
    for one in hidden:
        response = client.post(f"/api/v1/studies/{one.masked.study_instance_uid}/viewer-token/")
        assert response.status_code == 200
        assert leaks(response.content.decode(), studies) == []
    question = hidden[0].grant.consultations.get()
    for path, data in (
        (f"/questions/{question.pk}/draft/", {"answer": "so far"}),
        (f"/questions/{question.pk}/answer/", {"answer": " "}),
        (f"/questions/{question.pk}/withdraw/", {}),
        (f"/questions/{question.pk}/answer/", {"answer": "Second primary."}),
    ):
        response = client.post(path, data, follow=True)
        assert leaks(response.content.decode(), studies) == []


def test_no_letter_holds_a_marker(consultant, studies, django_capture_on_commit_callbacks):
    question = deidentified_holdings(consultant)[0].grant.consultations.get()
    other = asked(question.inviter, studies[0], email="somebody.else@clinic.example")
    with django_capture_on_commit_callbacks(execute=True):
        answer(actor=actor_for(consultant), consultant=consultant, consultation_id=question.pk, text="Yes.")
        withdraw(actor=actor_for(question.inviter), inviter=question.inviter, consultation_id=other.pk)
    assert len(mail.outbox) == 3
    for letter in mail.outbox:
        assert leaks(f"{letter.subject} {letter.body} {letter.from_email}", studies) == []


def test_the_crawl_would_find_a_marker(client, studies):
    client.force_login(inviter_of(studies[0]))
    answers = crawled(client, {"/worklist/"})
    assert any(leaks(text, studies) for text in answers.values())


def test_afterwards_the_question_says_no_more_than_that_it_is_over(client, consultant, studies):
    question = deidentified_holdings(consultant)[0].grant.consultations.get()
    answer(actor=actor_for(consultant), consultant=consultant, consultation_id=question.pk, text="A second primary.")
    for path in (f"/questions/{question.pk}/", "/questions/"):
        html = client.get(path).content.decode()
        assert "Answered on" in html
        assert "biopsy" not in html
        assert "second primary" not in html
    program = client.get(f"/api/v1/consultations/{question.pk}/").json()
    assert (program["state"], program["question"], program["answer"], program["studies"]) == ("answered", "", "", [])
