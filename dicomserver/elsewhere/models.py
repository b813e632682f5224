"""A person's searches in remote archives with what each archive answered, and the studies that are fetched from them.

They are rows, so that a page may come back to them and a process that dies leaves nothing in the dark. What was found
is about patients of others: it goes within hours.
"""

import uuid

from django.db import models
from django.utils import timezone


class Asked(models.TextChoices):
    """How far one archive is with one search."""

    WAITING = "waiting"
    ASKING = "asking"
    ANSWERED = "answered"
    # It knows more than is taken.
    LIMITED = "limited"
    FAILED = "failed"
    STOPPED = "stopped"


class Search(models.Model):
    """What somebody looks for; `words` are the fields of `elsewhere.words.Words` that were given."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sub = models.CharField(max_length=64)
    words = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    # Set when the person does not want to wait any longer.
    stopped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="elsewhere_search_age"),
            models.Index(fields=["sub", "created_at"], name="elsewhere_search_of"),
        ]
        verbose_name_plural = "searches"

    def __str__(self) -> str:
        """The number alone: what was looked for does not belong into logs."""
        return str(self.pk)


class AskedArchive(models.Model):
    """One archive in one search. By name, not by key: a peer may be removed meanwhile."""

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="archives")
    archive = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=Asked.choices, default=Asked.WAITING)
    # Why it failed, in words for people.
    detail = models.CharField(max_length=300, blank=True, default="")
    # From then on it counts as failed, whatever became of the process that asks it.
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "archive"], name="elsewhere_archive_once")]

    def __str__(self) -> str:
        """Which archive, and how far it is."""
        return f"{self.archive} {self.state}"


class Match(models.Model):
    """A study that one archive says it has, as it describes it."""

    asked = models.ForeignKey(AskedArchive, on_delete=models.CASCADE, related_name="matches")
    study_instance_uid = models.CharField(max_length=64)
    # The fields of `elsewhere.answers.Description`.
    description = models.JSONField(default=dict)
    number_of_instances = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["asked", "study_instance_uid"], name="elsewhere_study_once")]
        verbose_name_plural = "matches"

    def __str__(self) -> str:
        """Which study."""
        return self.study_instance_uid


class Fetching(models.TextChoices):
    """How far a retrieval is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


UNDER_WAY = (Fetching.WAITING, Fetching.RUNNING)


class Retrieval(models.Model):
    """One study that somebody has sent here by one archive."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sub = models.CharField(max_length=64)
    session_id = models.CharField(max_length=64)
    token_id = models.CharField(max_length=64)
    remote_address = models.CharField(max_length=64, blank=True, default="")
    archive = models.CharField(max_length=64)
    study_instance_uid = models.CharField(max_length=64)
    description = models.JSONField(default=dict)
    # As the archive told: null where it did not.
    expected = models.PositiveIntegerField(null=True, blank=True)
    # How many instances of the study were here before.
    held_before = models.PositiveIntegerField(default=0)
    arrived = models.PositiveIntegerField(default=0)
    # The archive's own sub-operations (PS3.7 9.1.4), as it last told.
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    remaining = models.PositiveIntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=Fetching.choices, default=Fetching.WAITING)
    detail = models.CharField(max_length=300, blank=True, default="")
    is_to_stop = models.BooleanField(default=False)
    # When the archive was told to stop, which is soon after.
    stop_told_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    # Last sign of life of the process that fetches.
    seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["archive", "study_instance_uid"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="elsewhere_fetched_once",
            )
        ]
        indexes = [
            models.Index(fields=["created_at"], name="elsewhere_retrieval_age"),
            models.Index(
                fields=["seen_at"],
                name="elsewhere_under_way",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        """Which study from where."""
        return f"{self.study_instance_uid} from {self.archive}"
