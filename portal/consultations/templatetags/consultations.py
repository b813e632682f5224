"""Lets pages of studies show what consultants answered, and what they are asked."""

from typing import Any

from django import template

from portal.accounts.models import User
from portal.consultations.identity import may_show_identity
from portal.consultations.models import Consultation
from portal.consultations.selectors import answers_on, may_ask, open_on
from portal.grants.decisions import Decision
from portal.studies.models import Study

register = template.Library()


@register.simple_tag
def consultant_answers(study: Study) -> list[Consultation]:
    """Return the answers of consultants, newest first: `{% consultant_answers study as answers %}`.

    A masked copy of a study is no row of any table and has none.
    """
    return list(answers_on(study))


@register.simple_tag
def open_questions(study: Study) -> list[Consultation]:
    """Return the questions that wait for an answer: `{% open_questions study as questions %}`."""
    return list(open_on(study))


@register.simple_tag(takes_context=True)
def may_ask_consultant(context: dict[str, Any], decision: Decision) -> bool:
    """True where the reader may ask a consultant about the study that `decision` opened."""
    user = context["request"].user
    return isinstance(user, User) and may_ask(user, decision)


register.filter("may_show_identity", may_show_identity)
