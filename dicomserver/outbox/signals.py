"""What the parts above the outbox may do in its transactions: they connect when Django is ready."""

from django.dispatch import Signal

# Sent with `study` (index.models.Study, locked) in the transaction in which the study became complete. A study that
# grows afterwards becomes complete again. A receiver that raises undoes the completion, which is then tried again.
study_completed = Signal()
