"""What the parts above ingest may do in the transaction of a commit: they connect when Django is ready."""

from django.dispatch import Signal

# Sent with `instances` (a list of ingest.accepted.Accepted, all new) and `studies` (a dictionary of
# index.models.Study by UID, locked), once a batch, when their rows are written and before they are committed.
# Each association waits for it, so a receiver does at most one statement a batch, and none where it has nothing to
# do. A receiver that raises keeps the batch from being committed.
# What is known already, set aside as a conflict, or found again in the archive by a rebuild, is not told.
instances_committed = Signal()
