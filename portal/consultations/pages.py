"""The page and the list of questions as values: what each side reads of a question, and when."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from portal.accounts.models import User
from portal.consultations.models import Consultation, State
from portal.consultations.selectors import asked_of, known_to, studies_asked_about, studies_open_by
from portal.grants.policy import sight_of
from portal.studies.models import Study


@dataclass(frozen=True)
class ShownQuestion:
    """A question as one person may read it.

    The consultant reads everything while it is open, and afterwards nothing but that it is over: the question and the
    answer then stand with the study, which is closed to them.
    """

    consultation: Consultation
    state: State
    is_asker: bool
    studies: list[Study]

    @property
    def is_open(self) -> bool:
        """True while an answer is awaited."""
        return self.state == State.OPEN

    @property
    def question(self) -> str:
        """The question; empty for the consultant once it is over."""
        return self.consultation.question if self.is_asker or self.is_open else ""

    @property
    def answer(self) -> str:
        """The answer; empty for the consultant, who wrote it."""
        return self.consultation.answer if self.is_asker else ""

    @property
    def draft(self) -> str:
        """What the consultant has written so far; empty for who asked."""
        return "" if self.is_asker else self.consultation.draft


def shown_question(user: User, consultation: Consultation, *, now: datetime | None = None) -> ShownQuestion:
    """What the person reads of a question known to them."""
    moment = now or timezone.now()
    is_asker = consultation.inviter_id == user.pk
    state = consultation.state_at(moment)
    studies: list[Study] = []
    if is_asker:
        studies = studies_asked_about(sight_of(user, now=moment), consultation)
    elif state == State.OPEN:
        studies = studies_open_by(consultation, now=moment)
    return ShownQuestion(consultation, state, is_asker, studies)


def question_known_to(user: User, consultation_id: UUID) -> ShownQuestion | None:
    """The question, where the person asked it or is asked; None for everybody else."""
    consultation = known_to(user).filter(pk=consultation_id).first()
    return shown_question(user, consultation) if consultation is not None else None


def questions_to(user: User, *, now: datetime | None = None) -> int:
    """How many questions wait for the person's answer."""
    return asked_of(user).filter(closed_at__isnull=True, deadline__gt=now or timezone.now()).count()
