"""What grants without identity open: masked studies under mapped UIDs, and never the studies themselves."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from portal.accounts.models import User
from portal.grants.decisions import Decision, Reach, Reason, Rule
from portal.grants.models import Grant
from portal.grants.people import Anyone
from portal.grants.running import grants_for, received_by
from portal.studies.masking import Mask, masked_study
from portal.studies.models import Series, Study
from wire.deidentification import Deidentification, Option, map_uid


@dataclass(frozen=True)
class DeidentifiedHolding:
    """A holding that a person may see without the identity of its patient.

    `study` is what the audit and the DICOM Server are told of; the person is shown `masked` and nothing else.
    """

    study: Study
    masked: Study
    grant: Grant
    decision: Decision

    @property
    def request(self) -> Deidentification:
        """What the DICOM Server is asked to do; to be sealed for it."""
        return Deidentification(
            study_instance_uid=self.study.study_instance_uid,
            key=self.grant.deidentification_key,
            pseudonym=self.grant.pseudonym,
            options=tuple(_options(self.grant)),
        )


def deidentified_holding_for(
    user: Anyone, study_instance_uid: str, server_id: str | None = None, *, now: datetime | None = None
) -> DeidentifiedHolding | None:
    """The holding that a mapped study UID means to this person; None for every other UID, the original's among them."""
    found = deidentified_holdings(user, now=now)
    matching = (one for one in found if one.masked.study_instance_uid == study_instance_uid)
    return next((one for one in matching if server_id is None or _is(one.study.server_id, server_id)), None)


def deidentified_holdings(user: Anyone, *, now: datetime | None = None) -> list[DeidentifiedHolding]:
    """Every holding that is open to the person without identity at `now`, the one that ends last on top."""
    if not isinstance(user, User) or not user.is_active:
        return []
    running = grants_for(user, now or timezone.now()).filter(without_identity=True, study__isnull=False)
    return [_opened(grant) for grant in with_what_masks_need(running).order_by("-valid_until", "pk")]


def study_once_called(user: Anyone, study_instance_uid: str) -> Study | None:
    """The study that a mapped UID means, or meant while the access ran; for the audit, and for no answer to anybody."""
    if not isinstance(user, User):
        return None
    grants = received_by(user, timezone.now()).filter(without_identity=True, study__isnull=False)
    for grant in grants.select_related("study__server__institution", "study__patient").order_by("pk"):
        if grant.study is not None:
            mapped = map_uid(grant.deidentification_key, grant.study.study_instance_uid)
            if mapped == study_instance_uid:
                return grant.study
    return None


def masked_by(grants: Iterable[Grant]) -> list[DeidentifiedHolding]:
    """What these grants without identity open, whoever they are for; read by `with_what_masks_need`."""
    return [_opened(grant) for grant in grants]


def with_what_masks_need(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """The grants with all that a masked copy is made of."""
    series = Prefetch("study__series", queryset=Series.objects.order_by("series_number", "series_instance_uid"))
    return grants.select_related("granted_by", "study__server__institution", "study__patient").prefetch_related(series)


def _opened(grant: Grant) -> DeidentifiedHolding:
    if grant.study is None:
        raise ValueError("A grant without identity names a study.")
    mask = Mask(
        key=grant.deidentification_key,
        pseudonym=grant.pseudonym,
        options=frozenset(_options(grant)),
        since=grant.valid_from,
    )
    reason = Reason(
        rule=Rule.STUDY_GRANT,
        permissions=frozenset(grant.permissions),
        reach=Reach.STUDY,
        given_by=grant.granted_by.full_name,
        since=grant.valid_from,
        until=grant.valid_until,
        grant_id=grant.pk,
    )
    return DeidentifiedHolding(grant.study, masked_study(grant.study, mask), grant, Decision((reason,)))


def _options(grant: Grant) -> list[Option]:
    return [Option(option) for option in grant.deidentification_options]


def _is(server_id: UUID, asked: str) -> bool:
    try:
        return server_id == UUID(asked)
    except ValueError:
        return False
