"""Reading how the watched machines are."""

from django.db.models import QuerySet

from dicomserver.equipment.models import EquipmentCheck


def equipment_checks() -> QuerySet[EquipmentCheck]:
    """The last check of each peer that is still watched, by name."""
    watched = EquipmentCheck.objects.filter(peer__is_watched=True, peer__disabled_at=None).exclude(peer__host="")
    return watched.select_related("peer").order_by("peer__name")
