"""What the parts above may do when another archive has answered: they connect when Django is ready."""

from django.dispatch import Signal

# Sent with `peer` (access.models.Peer), `committed` (SOP Instance UIDs) and `failed` (failure reasons by UID, as in
# PS3.3 C.14), in the transaction in which the answer is noted; also where an archive answers a second time.
commitment_answered = Signal()
