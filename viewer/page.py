"""What the server writes into the viewer's page: enough to show whose images these are before any script ran."""

from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.accounts.actors import person_of
from portal.accounts.models import Kind, User
from portal.servers.browser_policy import origin_of
from portal.studies.masking import is_masked
from portal.studies.presentation import ShownStudy, shown_study
from portal.worklist.views import study_url
from viewer.assets import viewer_assets
from viewer.opened import Audience, Opened, audience_of
from viewer.personal.selectors import hangings_of, preferences_of
from viewer.presets.defaults import shown_name
from viewer.presets.selectors import presets_of
from viewer.priors import Prior, priors_of
from viewer.serializers import ViewerTokenSerializer
from viewer.services import ViewerToken
from viewer.studies import study_config


@dataclass(frozen=True)
class ViewerPage:
    """The template's context, and the addresses of the DICOM Servers that the page may read from."""

    context: dict[str, Any]
    dicomweb_urls: list[str]


def viewer_page(request: HttpRequest, found: Opened, token: ViewerToken | None) -> ViewerPage:
    """The page of a study; `viewer_config` is also what the client reads from `#viewer-config`."""
    person = person_of(request)
    priors = [] if person.kind == Kind.LINK_HOLDER else priors_of(person, found)
    shown = shown_study(found.shown)
    audience = audience_of(person)
    is_simple = audience.is_lay(found.decision)
    own = study_config(found.shown, shown, found.permissions, is_lay=is_simple)
    config = own | _of_page(request, person, found) | {"simple": is_simple, "first_token": _first_token(token)}
    context = {
        "study": found.shown,
        "series": own["series"],
        "viewer_config": config | {"priors": [_prior(audience, prior) for prior in priors]},
        "viewer_assets": viewer_assets(),
        # The browser shakes hands with it while the scripts still come.
        "dicomweb_origin": origin_of(found.shown.server.dicomweb_url),
        "window_title": _window_title(shown),
        "is_masked": is_masked(found.shown),
        "rail_title": shown.study_date.text,
    }
    servers = [found.shown.server, *(prior.study.server for prior in priors)]
    return ViewerPage(context, [server.dicomweb_url for server in servers])


def _of_page(request: HttpRequest, person: User, found: Opened) -> dict[str, Any]:
    has_settings = person.kind == Kind.PERSON
    return {
        # Whoever sees a study without identity was asked about it: its question is where they came from.
        "worklist_url": reverse("consultations:questions" if found.grant else "worklist:list"),
        "study_url": study_url(found.shown.study_instance_uid, str(found.shown.server_id)),
        "next_study_url": None,
        "me": {"name": person.full_name},
        "language": get_language() or "en",
        "presets": [
            asdict(preset) | {"name": shown_name(preset)} for preset in presets_of(found.study.server.institution)
        ],
        "preferences": preferences_of(person) if has_settings else {},
        "preferences_url": reverse("viewer_api:preferences") if has_settings else None,
        "hangings": [
            {"modality": one.modality, "body_part": one.body_part, "layout": one.layout}
            for one in (hangings_of(person) if has_settings else [])
        ],
        "hangings_url": reverse("viewer_api:hangings") if has_settings else None,
        "session": _session(request),
    }


def _first_token(token: ViewerToken | None) -> dict[str, Any] | None:
    """As the client gets the next ones, with the time at which this one was written."""
    return None if token is None else ViewerTokenSerializer(token).data | {"now": timezone.now().isoformat()}


def _prior(audience: Audience, prior: Prior) -> dict[str, Any]:
    permissions = prior.decision.permissions
    config = study_config(
        prior.study, shown_study(prior.study), permissions, is_lay=audience.is_lay(prior.decision), is_prior=True
    )
    return config | {"study_url": study_url(prior.study.study_instance_uid, str(prior.study.server_id))}


def _session(request: HttpRequest) -> dict[str, Any] | None:
    """How long the session still lasts, and where to ask again; None for holders of share links."""
    ends = getattr(request, "session_end", None)
    if ends is None:
        return None
    end = ends()
    return {
        "seconds_left": end.seconds_left,
        "may_stay": end.may_stay,
        "ends_at": end.at.isoformat(),
        "absolute_ends_at": end.absolute_at.isoformat(),
        "url": reverse("session_left"),
    }


def _window_title(shown: ShownStudy) -> str:
    """ "Munteanu E., CT 20 Nov 2026": whose images a window shows is read on its tab."""
    return _("%(name)s, %(modalities)s %(date)s") % {
        "name": shown.patient.name.short,
        "modalities": shown.modalities,
        "date": shown.study_date.text,
    }
