"""What the parts above may do when instances were deleted: they connect when Django is ready."""

from django.dispatch import Signal

# Sent with `deletion` (models.Deletion), `series` (the rows of the series that lost instances, as they were) and
# `instances` (theirs), once the deletion is committed: what was made of them can be thrown away.
instances_deleted = Signal()
