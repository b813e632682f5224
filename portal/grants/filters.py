"""The filters of `/api/v1/grants/`: by study, by part in it, by whether it runs."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from portal.accounts.models import User
from portal.grants.models import Grant
from portal.grants.people import Anyone
from portal.grants.policy import visible_studies
from portal.grants.running import received_by, running_at
from portal.grants.selectors import administered_institutions, grants_known_to
from portal.studies.models import Study
from wire.uids import InvalidUid, parse_uid

FILTERS: Final = [
    OpenApiParameter("study_instance_uid", OpenApiTypes.STR, description="Grants that open this study."),
    OpenApiParameter("server", OpenApiTypes.UUID, description="With `study_instance_uid`: as this server holds it."),
    OpenApiParameter("part", OpenApiTypes.STR, enum=["given", "received"], description="The caller's part in it."),
    OpenApiParameter("running", OpenApiTypes.BOOL, description="true: opens something now; false: does not."),
]
_PAGING: Final = frozenset({"cursor", "page_size"})
_TRUTH: Final = {"true": True, "false": False}


class GrantFilters:
    """What a caller asks of the grants that they know of."""

    def __init__(self, asked: Mapping[str, Any]) -> None:
        """Read the query. Raises ValidationError for a filter that is unknown or cannot be read."""
        known = _PAGING | {parameter.name for parameter in FILTERS}
        unknown = sorted(set(asked) - known)
        if unknown:
            words = f"There is no such filter; these are: {', '.join(sorted(known))}."
            raise ValidationError({name: [words] for name in unknown})
        self.study_instance_uid = _uid(asked.get("study_instance_uid"))
        self.server = _server(asked.get("server"))
        self.part = _one_of("part", asked.get("part"), ("given", "received"))
        running = _one_of("running", asked.get("running"), tuple(_TRUTH))
        self.running = _TRUTH[running] if running else None

    def narrowed(self, user: Anyone) -> QuerySet[Grant]:
        """The caller's grants that fit."""
        grants = grants_known_to(user)
        now = timezone.now()
        if self.part == "given":
            grants = grants.filter(granted_by=user.pk)
        elif self.part == "received" and isinstance(user, User):
            grants = grants.filter(pk__in=received_by(user, now).values("pk"))
        if self.running is not None:
            grants = grants.filter(running_at(now)) if self.running else grants.exclude(running_at(now))
        if self.study_instance_uid:
            grants = grants.filter(self._on_study(user))
        return grants

    def _on_study(self, user: Anyone) -> Q:
        """Of the study by its UID; of its patient where the caller may know that the study is theirs."""
        of_uid = Q(study_instance_uid=self.study_instance_uid)
        of_study = Q(study__study_instance_uid=self.study_instance_uid)
        if self.server is not None:
            of_uid &= Q(server_id=self.server)
            of_study &= Q(study__server_id=self.server)
        administered = list(administered_institutions(user, timezone.now()))
        overseen = Study.objects.filter(of_uid, server__institution_id__in=administered)
        patients = {*visible_studies(user).filter(of_uid).values_list("patient_id", flat=True)}
        patients.update(overseen.values_list("patient_id", flat=True))
        return of_study | Q(patient_id__in=patients)


def _uid(text: str | None) -> str:
    try:
        return parse_uid(text) if text is not None else ""
    except InvalidUid as error:
        raise ValidationError({"study_instance_uid": [str(error)]}) from error


def _server(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text is not None else None
    except ValueError as error:
        raise ValidationError({"server": ["This is no ID of a server."]}) from error


def _one_of(name: str, text: str | None, choices: tuple[str, ...]) -> str:
    if text is not None and text not in choices:
        raise ValidationError({name: [f"Choose one of {', '.join(choices)}."]})
    return text or ""
