"""The page on which radiologists look in other archives: the browser asks the DICOM Server, the portal sees nothing."""

from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.accounts.actors import person_of
from portal.errands.rights import servers_for_errand
from portal.grants.guards import for_studies, record_denied
from portal.servers.browser_policy import directives_for_pictures

TRIED: Final = "elsewhere"
MODALITIES: Final = ("CT", "MR", "US", "CR", "DX", "MG", "XA", "RF", "PT", "NM")

# What the script says; {…} are filled in by it.
WORDS: Final[dict[str, str | Promise]] = {
    "name_missing": _("Name not given"),
    "birth_date_missing": _("birth date not given"),
    "date_missing": _("date not given"),
    "description_missing": _("No description"),
    "born": _("born {date}"),
    "images_unknown": _("number not told"),
    "asking": _("asking"),
    "waiting": _("asking"),
    "answered": _("{number} found"),
    "limited": _("first {number}, there are more"),
    "failed": _("no answer"),
    "stopped": _("stopped"),
    "answers": _("answers"),
    "silent": _("does not answer"),
    "checking": _("checking"),
    "not_here": _("Not here"),
    "all_here": _("All here"),
    "some_here": _("{held} of {all} here"),
    "held_here": _("{held} here"),
    "more": _("{missing} more there"),
    "fetch": _("Fetch"),
    "fetch_rest": _("Fetch the rest"),
    "fetch_from": _("Fetch from {archive}"),
    "open": _("Open"),
    "stop": _("Stop"),
    "again": _("Try again"),
    "turn": _("Waits for its turn"),
    "arriving": _("{arrived} of {all} arrived"),
    "arriving_unknown": _("{arrived} arrived"),
    "stopping": _("Stopping…"),
    "was_stopped": _("Stopped, {arrived} arrived"),
    "by_colleague": _("by a colleague"),
    "found": _("{number} found"),
    "found_so_far": _("{number} found so far"),
    "nothing": _("No archive that answered has such a study."),
    "nothing_hint": _("Look with fewer words, a wider time, or the patient's number."),
    "nobody": _("No archive answered."),
    "nobody_hint": _("They may well have the study. Look again in a while, or ask whoever runs the archive."),
    "no_archives": _("This DICOM Server knows no other archive yet."),
    "no_archives_hint": _("Whoever runs it can add one with the command add_peer and --archive."),
    "too_little": _("Give a name, a number or dates. Everything at once cannot be looked for."),
    "unreachable": _(
        "{server} cannot be reached. What it holds is safe there, and what it is fetching goes on. The worklist works. "
        "Trying again in {seconds} s."
    ),
    "denied": _("You may not look in other archives any more. The worklist works."),
    "refused": _("This could not be done: {detail}"),
    "lately": _("Fetched lately"),
}


@require_safe
@for_studies(tried=TRIED)
def elsewhere(request: HttpRequest) -> HttpResponse:
    """Search words, archives and their answers; what was looked for stands in no address that is sent."""
    servers = list(servers_for_errand(person_of(request), "find_elsewhere"))
    if not servers:
        record_denied(request, tried=TRIED)
        raise Http404
    context = {
        "servers": servers,
        "modalities": MODALITIES,
        "words": {name: str(text) for name, text in WORDS.items()},
        "now": timezone.localtime(),
    }
    response = render(request, "elsewhere/page.html", context)
    response._csp_update = directives_for_pictures(server.dicomweb_url for server in servers)  # type: ignore[attr-defined]  # noqa: SLF001
    return response
