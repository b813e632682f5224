"""Django's entry for `dicomserver.forwarding`."""

from django.apps import AppConfig

from dicomserver.commitment.signals import commitment_answered
from dicomserver.ingest.signals import instances_committed
from dicomserver.outbox.signals import study_completed


class ForwardingConfig(AppConfig):
    """The app `dicomserver.forwarding`."""

    name = "dicomserver.forwarding"
    label = "forwarding"

    def ready(self) -> None:
        """Hear of new instances, of complete studies, and of what other archives commit themselves to."""
        from dicomserver.forwarding import committing, queueing  # noqa: PLC0415 - models, which are ready only now

        instances_committed.connect(queueing.queue_new_instances)
        study_completed.connect(queueing.queue_complete_study)
        commitment_answered.connect(committing.take_answer)
