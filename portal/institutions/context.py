"""What the frame around every page shows: hats, navigation, colours (UI: frame and navigation)."""

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.accounts.models import Theme, User
from portal.institutions.mfa import wanted_before
from portal.institutions.models import Membership, Role
from portal.institutions.selectors import running_memberships

# Stable addresses; the apps behind most of them stand above this one.
WORKLIST: Final = "/worklist/"
CONSOLE: Final = "/monitoring/"
PEOPLE: Final = "/people/"
SETTINGS: Final = "/settings/"
ACCESS: Final = "/access/"
SHARING: Final = "/sharing/"
IMPORT: Final = "/import/"
ORDERS: Final = "/orders/"
ELSEWHERE: Final = "/elsewhere/"
QUESTIONS: Final = "/questions/"
IMAGES: Final = "/images/"
WHO_LOOKED: Final = "/who-looked/"
HELP: Final = "/help/"
AUDIT: Final = "/audit/"

# The first is the home of the hat; only what exists is listed.
NAVIGATION: Final[dict[str, tuple[tuple[str | Promise, str], ...]]] = {
    Role.RADIOLOGIST: (
        (_("Worklist"), WORKLIST),
        (_("Find elsewhere"), ELSEWHERE),
        (_("Sharing"), SHARING),
        (_("Orders"), ORDERS),
        (_("Import"), IMPORT),
    ),
    Role.REFERRING_DOCTOR: ((_("My patients"), WORKLIST),),
    Role.PATIENT: ((_("Images"), IMAGES), (_("Sent"), SHARING), (_("Who looked"), WHO_LOOKED), (_("Help"), HELP)),
    Role.CONSULTANT: ((_("My questions"), QUESTIONS),),
    Role.INSTITUTION_ADMINISTRATOR: (
        (_("Console"), CONSOLE),
        (_("People"), PEOPLE),
        (_("Access"), ACCESS),
        (_("Orders"), ORDERS),
        (_("Settings"), SETTINGS),
    ),
    Role.SYSTEM_ADMINISTRATOR: ((_("Console"), CONSOLE), (_("People"), PEOPLE)),
    Role.AUDITOR: ((_("Audit"), AUDIT),),
}
_NO_HAT: Final = ((_("Shared with me"), WORKLIST),)
# On phones a patient's items stand at the foot, each under its sign.
_ICONS: Final = {IMAGES: "images", SHARING: "share", WHO_LOOKED: "eye", HELP: "question-circle"}
_STUDY_PAGES: Final = ("/studies/", "/viewer/")


@dataclass(frozen=True)
class NavigationItem:
    """One word of the top bar; `active` where the page belongs to it."""

    label: str
    url: str
    active: bool
    icon: str


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `hat`, `hats`, `navigation`, `theme`, and `wanted_before` a second factor was set up."""
    hat: Membership | None = getattr(request, "hat", None)
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"hat": None, "hats": [], "navigation": [], "theme": Theme.DARK.value}
    return {
        "hat": hat,
        "hats": list(running_memberships(user)),
        "navigation": navigation_of(hat, request.path),
        "theme": theme_of(user, hat),
        "wanted_before": wanted_before(request),
    }


def navigation_of(hat: Membership | None, path: str) -> list[NavigationItem]:
    """The items of a hat; a study's pages belong to the list that led there."""
    items = NAVIGATION[hat.role] if hat else _NO_HAT
    place = items[0][1] if path.startswith(_STUDY_PAGES) else path
    return [
        NavigationItem(str(label), url, active=place.startswith(url), icon=_ICONS.get(url, "list"))
        for label, url in items
    ]


def home_of(hat: Membership | None) -> str:
    """Where a hat begins."""
    return (NAVIGATION[hat.role] if hat else _NO_HAT)[0][1]


def theme_of(user: User, hat: Membership | None) -> str:
    """The colours that the person chose; else light for patients and dark for staff."""
    if user.theme:
        return user.theme
    return Theme.LIGHT.value if hat and hat.role == Role.PATIENT else Theme.DARK.value
