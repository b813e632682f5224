"""Pages on which consultants are asked, and on which they answer."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts.actors import actor_of, person_of
from portal.consultations.errors import AnswerMissing, Closed, ConsultationRefused, NotYours
from portal.consultations.forms import AnswerForm, AskForm
from portal.consultations.pages import ShownQuestion, question_known_to, shown_question
from portal.consultations.selectors import asked_by, asked_of, may_ask, open_first, studies_to_offer
from portal.consultations.services import answer as give_answer
from portal.consultations.services import ask as ask_consultant
from portal.consultations.services import keep_draft as keep
from portal.consultations.services import withdraw as take_back
from portal.grants.guards import asked_server, deny, for_studies
from portal.grants.policy import sight_of
from portal.invitations.errors import InvitationRefused, TooManyLetters
from portal.studies.models import Study


@require_http_methods(["GET", "HEAD", "POST"])
@for_studies(tried="ask_consultant")
def ask(request: HttpRequest, study_instance_uid: str) -> HttpResponse:
    """Ask a consultant about a study and others of its patient; a radiologist who may share it can."""
    sight = sight_of(request.user)
    found = sight.holding(study_instance_uid, asked_server(request))
    if found is None or not may_ask(person_of(request), found[1]):
        deny(request, study_instance_uid, tried="ask_consultant")
    study = found[0]
    offered = studies_to_offer(sight, study)
    if request.method != "POST":
        return _ask_page(request, study, AskForm(offered=offered))
    form = AskForm(request.POST, offered=offered)
    if form.is_valid():
        try:
            asked = ask_consultant(
                actor=actor_of(request),
                inviter=person_of(request),
                studies=form.studies_chosen,
                question=form.asked,
            )
        except ConsultationRefused as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        except (InvitationRefused, TooManyLetters) as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, _("The question is sent to %(address)s.") % {"address": asked.email})
            return redirect("consultations:question", asked.pk)
    return _ask_page(request, study, form, status=422)


@require_safe
@for_studies(tried="questions")
def questions(request: HttpRequest) -> HttpResponse:
    """The questions that wait for the person's answer, those that are over, and those that they asked."""
    person, now = person_of(request), timezone.now()
    context = {
        "asked_of_me": [shown_question(person, one, now=now) for one in open_first(asked_of(person), now)],
        "asked_by_me": [shown_question(person, one, now=now) for one in open_first(asked_by(person), now)],
        "sees_studies": sight_of(person, now=now).studies.exists(),
    }
    return render(request, "consultations/list.html", context)


@require_safe
@for_studies(tried="question")
def question(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """One question: the consultant looks and answers, who asked waits and reads."""
    shown = question_known_to(person_of(request), consultation_id) or deny(request, "", tried="question")
    return _question_page(request, shown)


@require_POST
@for_studies(tried="answer_question")
def answer(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """Send the answer, which closes the images, or keep what there is of it for later."""
    form = AnswerForm(request.POST)
    person, text = person_of(request), request.POST.get("answer", "")
    try:
        if "draft" in request.POST:
            keep(consultant=person, consultation_id=consultation_id, text=text)
            messages.success(request, _("Kept for later. Nobody else reads it."))
            return redirect("consultations:question", consultation_id)
        if form.is_valid():
            give_answer(actor=actor_of(request), consultant=person, consultation_id=consultation_id, text=text)
            messages.success(request, _("Your answer is sent. The images are closed."))
            return redirect("consultations:questions")
    except NotYours:
        deny(request, "", tried="answer_question")
    except Closed:
        messages.error(request, _("This question is over, so your answer was not sent."))
        return redirect("consultations:question", consultation_id)
    except AnswerMissing as error:
        form.add_error("answer", str(error))
    shown = question_known_to(person, consultation_id) or deny(request, "", tried="answer_question")
    return _question_page(request, shown, form, status=422)


@require_POST
@for_studies(tried="answer_question")
def draft(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """Keep what the consultant types, as the page sends it now and then."""
    try:
        keep(consultant=person_of(request), consultation_id=consultation_id, text=request.POST.get("answer", ""))
    except NotYours:
        deny(request, "", tried="answer_question")
    except Closed:
        return HttpResponse(status=409)
    return HttpResponse(status=204)


@require_POST
@for_studies(tried="withdraw_question")
def withdraw(request: HttpRequest, consultation_id: UUID) -> HttpResponse:
    """Take a question back that one asked."""
    try:
        take_back(actor=actor_of(request), inviter=person_of(request), consultation_id=consultation_id)
        messages.success(request, _("The question is withdrawn and the access closed."))
    except NotYours:
        deny(request, "", tried="withdraw_question")
    except Closed:
        messages.error(request, _("This question is over already."))
    return redirect("consultations:question", consultation_id)


def _ask_page(request: HttpRequest, study: Study, form: AskForm, *, status: int = 200) -> HttpResponse:
    context = {
        "study": study,
        "form": form,
        "action": f"{reverse('consultations:ask', args=[study.study_instance_uid])}?server={study.server_id}",
    }
    return render(request, "consultations/ask.html", context, status=status)


def _question_page(
    request: HttpRequest, shown: ShownQuestion, form: AnswerForm | None = None, *, status: int = 200
) -> HttpResponse:
    context = {
        "shown_question": shown,
        "consultation": shown.consultation,
        "form": form or AnswerForm(initial={"answer": shown.draft}),
    }
    return render(request, "consultations/question.html", context, status=status)
