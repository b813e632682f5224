"""Window presets that an institution chose for its images."""

from django.db import models
from django.db.models import Q

from portal.institutions.models import Institution


class WindowPreset(models.Model):
    """A named window under a key, in HU; without centre and width it is the data set's own."""

    institution = models.ForeignKey(Institution, on_delete=models.CASCADE, related_name="window_presets")
    key = models.CharField(max_length=1)
    name = models.CharField(max_length=24)
    window_center = models.FloatField(null=True, blank=True)
    window_width = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "key"], name="one_preset_per_institution_and_key"),
            models.CheckConstraint(condition=Q(key__regex="^[0-9]$"), name="preset_key_is_a_digit"),
            models.CheckConstraint(condition=~Q(name=""), name="preset_has_a_name"),
            # In PostgreSQL infinity and NaN are larger than every number: the upper bounds refuse them.
            models.CheckConstraint(
                condition=Q(window_center__isnull=True, window_width__isnull=True)
                | Q(
                    window_center__isnull=False,
                    window_width__isnull=False,
                    window_center__gte=-100_000,
                    window_center__lte=100_000,
                    window_width__gt=0,
                    window_width__lte=100_000,
                ),
                name="preset_window_is_finite_and_wide",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.name}"
