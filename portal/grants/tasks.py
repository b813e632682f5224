"""What is done about grants by the clock."""

from celery import shared_task

from portal.grants.upkeep import (
    revoke_of_those_who_lost_access,
    revoke_what_nobody_may_give,
    tell_who_loses_access_soon,
)


@shared_task(name="portal.grants.revoke_of_those_who_lost_access")
def revoke_of_those_who_lost_access_task() -> None:
    """Take back what people gave whose role, account or assignment ended lately."""
    revoke_of_those_who_lost_access()


@shared_task(name="portal.grants.revoke_what_nobody_may_give")
def revoke_what_nobody_may_give_task() -> None:
    """Take back everything whose giver lost it in whatever way."""
    revoke_what_nobody_may_give()


@shared_task(name="portal.grants.tell_who_loses_access_soon")
def tell_who_loses_access_soon_task() -> None:
    """Write to receivers whose access ends within a day."""
    tell_who_loses_access_soon()
