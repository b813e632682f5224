"""What was read in which session, whose access the portal has revoked, and which machines this server talks with."""

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db import models

# In the place of a StudyInstanceUID: a person who was locked out, whatever the study.
EVERY_STUDY: Final = ""


class Revocation(models.Model):
    """No token of `sub` for the study (EVERY_STUDY: for any) that was issued until `revoked_at` opens anything."""

    sub = models.CharField(max_length=64)
    study_instance_uid = models.CharField(max_length=64, blank=True, default=EVERY_STUDY)
    revoked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sub", "study_instance_uid"], name="access_one_revocation")]
        indexes = [models.Index(fields=["revoked_at"], name="access_revoked_at")]

    def __str__(self) -> str:
        """Whose access to which study."""
        return f"{self.sub} {self.study_instance_uid}"


class SpentErrand(models.Model):
    """The token of an errand that may be done once: whoever overheard it cannot do it again."""

    token_id = models.CharField(max_length=64, primary_key=True)
    spent_at = models.DateTimeField()

    def __str__(self) -> str:
        """The token's ID."""
        return self.token_id


class ViewingSession(models.Model):
    """What one person read of one study until a pause, or one machine; closing it makes one access event.

    `way` says how a machine was sent the study, and `sub` then holds the machine's name; it is empty for a person.
    The row is there before the first pixel leaves; `frames` and `sent_bytes` follow within a second.
    """

    session_id = models.CharField(max_length=64)
    sub = models.CharField(max_length=64)
    study_instance_uid = models.CharField(max_length=64)
    token_ids = ArrayField(models.CharField(max_length=64), default=list)
    frames = models.BigIntegerField(default=0)
    sent_bytes = models.BigIntegerField(default=0)
    first_read_at = models.DateTimeField()
    last_read_at = models.DateTimeField()
    remote_address = models.CharField(max_length=64, blank=True, default="")
    way = models.CharField(max_length=64, blank=True, default="", db_default="")
    # Set together with the event in the outbox; what is in ReadInstance is added to `instances` then.
    reported_at = models.DateTimeField(null=True, blank=True)
    instances = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["session_id", "sub", "study_instance_uid"],
                condition=models.Q(reported_at__isnull=True),
                name="access_one_open_session",
            )
        ]
        indexes = [
            models.Index(fields=["last_read_at"], name="access_open", condition=models.Q(reported_at__isnull=True)),
            models.Index(fields=["reported_at"], name="access_reported"),
        ]

    def __str__(self) -> str:
        """The session and the study."""
        return f"{self.session_id} {self.study_instance_uid}"


class ReadInstance(models.Model):
    """An instance of which something was read in an open viewing session: so that each is counted once."""

    viewing_session = models.ForeignKey(ViewingSession, on_delete=models.CASCADE, related_name="read_instances")
    # No foreign key: what was read stays read when the instance is deleted.
    instance_pk = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["viewing_session", "instance_pk"], name="access_instance_once")]

    def __str__(self) -> str:
        """The keys of both."""
        return f"{self.viewing_session_id} {self.instance_pk}"


class Service(models.TextChoices):
    """What a peer may do here. To ask whether this server is there (C-ECHO) is for everybody who may come in."""

    STORE = "store"
    QUERY = "query"
    RETRIEVE = "retrieve"
    COMMITMENT = "commitment"
    WORKLIST = "worklist"
    PROCEDURE_STEP = "procedure_step"
    DELETE = "delete"


class RetrieveBy(models.TextChoices):
    """How a study is fetched from a peer."""

    MOVE = "move", "C-MOVE: the archive opens an association to this server"
    GET = "get", "C-GET: the study comes on the association that this server opens"


class Peer(models.Model):
    """A machine that talks to this server, or that this server talks to: by DIMSE, by DICOMweb, or both.

    Its HTTP token is shown once; here is its digest, which is enough to know it again.
    """

    name = models.CharField(max_length=64, unique=True)
    # Its own; empty where it comes by HTTP alone. Several peers may have the same one at different addresses.
    ae_title = models.CharField(max_length=16, blank=True, default="")
    # The title by which it must call this server; empty: any that this server answers to.
    called_ae_title = models.CharField(max_length=16, blank=True, default="")
    # IP networks (CIDR) that it may come from; empty: any.
    addresses = ArrayField(models.CharField(max_length=64), blank=True, default=list)
    # SHA-256, in hexadecimal, of the certificate (DER) that it must prove by TLS; empty: any or none.
    certificate_sha256 = models.CharField(max_length=64, blank=True, default="")
    token_sha256 = models.CharField(max_length=64, unique=True, null=True, blank=True)
    services = ArrayField(models.CharField(max_length=16, choices=Service.choices), blank=True, default=list)
    # Where it listens for DICOM; an empty host: it does not.
    host = models.CharField(max_length=255, blank=True, default="")
    port = models.PositiveIntegerField(default=104)
    uses_tls = models.BooleanField(default=False)
    # Asked when somebody looks for a study elsewhere.
    is_archive = models.BooleanField(default=False)
    retrieve_by = models.CharField(
        max_length=8, choices=RetrieveBy.choices, default=RetrieveBy.MOVE, db_default=RetrieveBy.MOVE
    )
    # Asked by C-ECHO whether it is there.
    is_watched = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        """Its name."""
        return self.name
