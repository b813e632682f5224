"""Letters go out when the change commits, are tried again, and never speak of a patient."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.template import engines
from django.template.base import Template, Variable, VariableNode

from portal.accounts.mail import (
    ALLOWED_CONTEXT,
    UnfitForMail,
    absolute_url,
    send_mail_on_commit,
    send_mail_task,
    written,
)
from tests.portal.accounts.factories import UserFactory
from tests.smtp import smtp_server, text_of

__all__ = ["smtp_server"]
LETTERS = sorted((Path(django_settings.BASE_DIR) / "templates" / "emails").rglob("*.txt"))
CONTEXT = {
    "person": "Dr. Elena Pascaru",
    "when": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
    "action": "A passkey was added",
    "address": "10.20.4.17",
    "url": "https://portal.test/accounts/password/reset/",
}
TO = "elena@nistru.example"


def variables_of(path: Path) -> set[str]:
    """The names that a template takes from its context, at any depth."""
    template: Template = engines["django"].from_string(path.read_text()).template
    names: set[str] = set()
    own: set[str] = {"forloop"}
    for node in template.nodelist.get_nodes_by_type(VariableNode):
        names |= roots_of(node.filter_expression)
    for node in template.nodelist.get_nodes_by_type(object):
        expressions = [vars(node).get("sequence"), vars(node).get("counter")]
        expressions += list((vars(node).get("extra_context") or {}).values())
        own |= set(vars(node).get("extra_context") or {}) | set(vars(node).get("loopvars") or ())
        own |= {vars(node).get("countervar"), vars(node).get("asvar")} - {None}
        for expression in filter(None, expressions):
            names |= roots_of(expression)
        for token in [*(vars(node).get("singular") or []), *(vars(node).get("plural") or [])]:
            names |= {token.contents.split("|")[0].split(".")[0]} if token.token_type.name == "VAR" else set()
    return names - own


def roots_of(expression) -> set[str]:
    variables = [expression.var] if hasattr(expression, "var") else []
    return {str(one.var).split(".")[0] for one in variables if isinstance(one, Variable) and one.lookups}


@pytest.mark.parametrize("path", LETTERS, ids=[path.stem for path in LETTERS])
def test_a_letter_says_only_what_letters_may_say(path: Path) -> None:
    source = path.read_text()
    assert variables_of(path) <= ALLOWED_CONTEXT
    assert "{% include" not in source
    assert "|safe" not in source


def test_the_look_into_templates_finds_what_they_say(tmp_path: Path) -> None:
    letter = tmp_path / "planted.txt"
    letter.write_text(
        "{% load i18n %}{{ patient_name|upper }}{% blocktranslate with x=study.uid %}{{ birth_date }}{{ x }}"
        "{% endblocktranslate %}{% for one in findings %}{{ one }}{% endfor %}"
    )
    assert variables_of(letter) == {"patient_name", "study", "birth_date", "findings"}


@pytest.mark.parametrize("name", ["patient", "patient_name", "study", "national_id", "reason", "question"])
def test_a_letter_about_a_patient_is_refused(name: str) -> None:
    with pytest.raises(UnfitForMail):
        send_mail_on_commit("sign_in_changed", TO, {**CONTEXT, name: "Munteanu"})


@pytest.mark.django_db
def test_a_row_of_the_database_is_no_part_of_a_letter() -> None:
    with pytest.raises(UnfitForMail):
        send_mail_on_commit("sign_in_changed", TO, {**CONTEXT, "person": UserFactory()})


@pytest.mark.parametrize("name", ["../account/login", "password changed", "/etc/passwd"])
def test_a_letter_is_one_of_ours(name: str) -> None:
    with pytest.raises(UnfitForMail):
        written(name, {})


def test_what_somebody_typed_stays_on_its_line_and_is_not_escaped() -> None:
    letter = written("sign_in_changed", {**CONTEXT, "person": "O'Hara & Co\r\nBcc: all@evil.example\n\nPay here"})
    assert "Hello O'Hara & Co Bcc: all@evil.example Pay here," in letter.body
    assert letter.subject == "How you sign in was changed"


@pytest.mark.django_db
def test_a_letter_arrives_after_the_commit(smtp_server, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        send_mail_on_commit("sign_in_changed", TO, CONTEXT)
        assert smtp_server.letters == []
    [letter] = smtp_server.letters
    assert (letter["To"], letter["Subject"]) == (TO, "How you sign in was changed")
    assert letter["From"] == django_settings.DEFAULT_FROM_EMAIL
    assert "From the address: 10.20.4.17" in text_of(letter)
    assert text_of(letter).rstrip().endswith(CONTEXT["url"])


@pytest.mark.usefixtures("committed_db")
def test_what_is_rolled_back_sends_nothing(smtp_server) -> None:
    with transaction.atomic():
        send_mail_on_commit("sign_in_changed", TO, CONTEXT)
        transaction.set_rollback(True)
    assert smtp_server.letters == []
    send_mail_on_commit("sign_in_changed", TO, CONTEXT)
    assert len(smtp_server.letters) == 1


@pytest.mark.django_db
def test_nobody_without_an_address_gets_a_letter(smtp_server, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        send_mail_on_commit("sign_in_changed", "", CONTEXT)
    assert (callbacks, smtp_server.letters) == ([], [])


def test_a_letter_is_tried_again_when_the_mail_server_has_trouble(smtp_server, caplog) -> None:
    smtp_server.refuse = ["451 later", "451 later"]
    assert send_mail_task.delay(TO, "Subject", "Text").successful()
    assert len(smtp_server.letters) == 1
    assert TO not in caplog.text


def test_an_address_that_is_refused_for_good_is_given_up_and_not_logged(smtp_server, caplog) -> None:
    smtp_server.refuse = ["550 nobody here"]
    assert send_mail_task.delay(TO, "Subject", "Text").successful()
    assert smtp_server.letters == []
    assert "refuses an address for good (550)" in caplog.text
    assert TO not in caplog.text


@pytest.mark.parametrize("path", ["/invitations/abc/", "invitations/abc/"])
def test_addresses_in_letters_are_whole(settings, path: str) -> None:
    settings.PORTAL_URL = "https://portal.nistru.example/"
    assert absolute_url(path) == "https://portal.nistru.example/invitations/abc/"
