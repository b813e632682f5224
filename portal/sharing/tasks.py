"""What runs beside the requests: the closing of links whose maker lost the access."""

from celery import shared_task

from portal.sharing.services import close_links_of_lost_access


@shared_task(name="portal.sharing.close_links_of_lost_access")
def close_links_of_lost_access_task() -> None:
    """Close them while somebody may still be looking through them."""
    close_links_of_lost_access()
