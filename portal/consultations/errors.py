"""Why a question cannot be asked or answered; every error says what to do and carries a stable code."""

from django.utils.translation import gettext_lazy as _

from portal.grants.refusals import Refused


class ConsultationRefused(Refused):
    """What was asked for breaks a rule. `field` names the part of the request that is wrong."""

    code = "consultation_refused"
    field = ""
    words = _("This cannot be asked.")


class ShareNotAllowed(ConsultationRefused):
    """The inviter is no radiologist, or may not share one of the studies."""

    code = "share_not_allowed"
    field = "studies"
    words = _("Only a radiologist who may share every one of these studies can ask about them.")


class MoreThanInviterHas(ConsultationRefused):
    """The inviter's own access does not allow it, or ends before the deadline."""

    code = "more_than_giver_has"
    field = "deadline"
    words = _("Your own access to one of these studies ends before the deadline, or allows less than that.")


class NoStudies(ConsultationRefused):
    """Nothing was chosen, or too much."""

    code = "studies_missing"
    field = "studies"
    words = _("Choose at least one study, and 20 at most.")


class DifferentPatients(ConsultationRefused):
    """A question is about one patient."""

    code = "different_patients"
    field = "studies"
    words = _("These studies are not all of the same patient. Ask about one patient at a time.")


class DeadlineOutOfReach(ConsultationRefused):
    """The deadline is over, or too far."""

    code = "deadline_out_of_reach"
    field = "deadline"
    words = _("The deadline must be later than now and within 90 days.")


class AskedOneself(ConsultationRefused):
    """Inviter and consultant are the same person."""

    code = "asked_oneself"
    field = "email"
    words = _("This is your own address. Ask somebody else.")


class ServerCannotDeidentify(ConsultationRefused):
    """A DICOM Server is too old, or has not said yet how to seal a request for it."""

    code = "server_cannot_deidentify"
    field = "identity"
    words = _(
        "A DICOM Server that holds these studies cannot remove identity. "
        "Leave its studies out, or ask with identity and the patient's consent."
    )


class PixelsNotChecked(ConsultationRefused):
    """Writing in the pixels is not removed, so somebody must have looked."""

    code = "pixels_not_checked"
    field = "pixels_checked"
    words = _("Look at these images first: a name written in the picture is not removed. Then tick the box.")


class ConsentMissing(ConsultationRefused):
    """Identity is shown with the patient's consent alone."""

    code = "consent_missing"
    field = "consent"
    words = _("Note the patient's consent: its date, and where the paper is.")


class QuestionNamesPatient(ConsultationRefused):
    """The question itself says who the patient is."""

    code = "question_names_patient"
    field = "question"
    words = _("The question holds a name or number of the patient. Write it without.")


class AnswerMissing(ConsultationRefused):
    """An answer without words."""

    code = "answer_missing"
    field = "answer"
    words = _("Write the answer first.")


class NotYours(Exception):
    """The question is not the person's to read, answer or withdraw; to them it does not exist."""


class Closed(Exception):
    """The question was answered or withdrawn, or its deadline has passed."""
