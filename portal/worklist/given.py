"""What a letter about access leads to."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from portal.accounts.models import User
from portal.grants.models import Grant
from portal.grants.policy import sight_of
from portal.grants.running import received_by
from portal.studies.models import Study


@dataclass(frozen=True)
class Given:
    """The study to open, or the words that say why there is none now."""

    study: Study | None
    words: str


def what_was_given(user: User, grant_id: UUID) -> Given | None:
    """What the grant opens to the person, for a patient the newest study; None where it is not for them."""
    now = timezone.now()
    grant = received_by(user, now).filter(pk=grant_id, without_identity=False).first()
    if grant is None:
        return None
    seen = sight_of(user, now=now).studies
    studies = seen.filter(pk=grant.study_id) if grant.study_id else seen.filter(patient=grant.patient)
    study = studies.order_by(F("study_date").desc(nulls_last=True), "-pk").first()
    return Given(study, "" if study else _why_closed(grant))


def _why_closed(grant: Grant) -> str:
    now = timezone.now()
    if grant.revoked_at is not None:
        return _("This access was taken back.")
    if grant.valid_from > now:
        begin = date_format(timezone.localtime(grant.valid_from), "j F Y, H:i")
        return _("This access begins on %(day)s.") % {"day": begin}
    if grant.valid_until <= now:
        end = date_format(timezone.localtime(grant.valid_until), "j F Y, H:i")
        return _("This access ended on %(day)s.") % {"day": end}
    return _("There is no study here now.")
