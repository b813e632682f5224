"""The table that tells a visitor where everything is and who can sign in."""

from __future__ import annotations

from demo.identity_providers import newcomer_password
from demo.people import INSTITUTIONS, STAFF
from demo.places import HOST, Places


def sign_in_table(places: Places, people: list[dict[str, str]]) -> str:
    """Addresses, and a line for each person: institution, role, name, user name, password."""
    names = {one.username: " ".join(filter(None, (one.title, one.first_name, one.last_name))) for one in STAFF}
    rows = [("", "Role", "Name", "User name", "Password")]
    rows += [
        (one["institution"], one["role"].replace("_", " "), names[one["username"]], one["username"], one["password"])
        for one in people
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    ends = [*providers(places), "", f"All of it, with API tokens: {places.demo_file}"]
    ends += ["Commands of a DICOM Server: python -m demo.server A list_peers", ""]
    return "\n".join(["", *addresses(places), "", *lines, "", *ends])


def providers(places: Places) -> list[str]:
    """Who else may sign in, and where."""
    national = places.national_provider
    username, password = newcomer_password(places)
    return [
        f"Patients may also sign in by the {national.title} ({national.issuer}), by the same name and password.",
        f"{username}, password {password}, has no account here: the first sign-in there makes it.",
    ]


def addresses(places: Places) -> list[str]:
    """Where portal and servers are."""
    lines = [f"DICOM Network is ready: {places.portal_url}", ""]
    for server, institution in zip(places.servers, INSTITUTIONS, strict=True):
        lines.append(
            f"{institution.code}  {institution.name}: C-STORE to {institution.ae_title}@{HOST}:{server.dicom_port}, "
            f"DICOMweb {server.dicomweb_url}"
        )
    return lines
