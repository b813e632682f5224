"""Absolute addresses of what this server holds."""

from django.conf import settings


def url_of(*uids: str) -> str:
    """The address of a study, of a series in it or of an instance in that."""
    levels = zip(("studies", "series", "instances"), uids, strict=False)
    return settings.DICOMWEB_PUBLIC_URL.rstrip("/") + "".join(f"/{level}/{uid}" for level, uid in levels)
