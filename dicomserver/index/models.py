"""The rows of the index: one a study, a series and an instance, with what answers, reports and frame reads need."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class Origin(models.TextChoices):
    """By which way an instance came in."""

    C_STORE = "c_store", "C-STORE"
    STOW_RS = "stow_rs", "STOW-RS"
    IMPORT = "import", "Import of a folder"
    REINDEX = "reindex", "Rebuilt from the archive"


class Study(models.Model):
    """A study as this server holds it; patient and study attributes are text as sent, decoded to Unicode.

    `revision` grows with every change that the portal should hear of, and never goes back, not even when the index
    is rebuilt: see `index.services.next_revision`.
    """

    study_instance_uid = models.CharField(max_length=64, unique=True)
    patient_name_alphabetic = models.TextField(blank=True, default="")
    patient_name_ideographic = models.TextField(blank=True, default="")
    patient_name_phonetic = models.TextField(blank=True, default="")
    patient_id = models.TextField(blank=True, default="")
    issuer_of_patient_id = models.TextField(blank=True, default="")
    # Each is {identifier, issuer, kind}, all text; kind is patient_id, other or national.
    other_patient_ids = models.JSONField(default=list, blank=True)
    patient_birth_date = models.TextField(blank=True, default="")
    patient_sex = models.TextField(blank=True, default="")
    study_date = models.TextField(blank=True, default="")
    study_time = models.TextField(blank=True, default="")
    timezone_offset_from_utc = models.TextField(blank=True, default="")
    accession_number = models.TextField(blank=True, default="")
    study_id = models.TextField(blank=True, default="")
    study_description = models.TextField(blank=True, default="")
    # A name is {alphabetic, ideographic, phonetic}, all text; empty where none was sent.
    referring_physician_name = models.JSONField(default=dict, blank=True)
    requesting_physician_names = models.JSONField(default=list, blank=True)
    institution_name = models.TextField(blank=True, default="")

    # What queries look at, made of the fields above by `index.folded`; their indexes are in migration 0008.
    patient_key = models.CharField(max_length=32, blank=True, default="", db_default="")
    patient_name_folded = models.TextField(blank=True, default="", db_default="")
    referring_physician_name_folded = models.TextField(blank=True, default="", db_default="")
    study_description_folded = models.TextField(blank=True, default="", db_default="")
    institution_name_folded = models.TextField(blank=True, default="", db_default="")

    revision = models.BigIntegerField(default=1)
    first_received_at = models.DateTimeField(default=timezone.now)
    last_received_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True)
    number_of_instances = models.PositiveIntegerField(default=0)
    stored_bytes = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(
                fields=["last_received_at"], name="index_study_open", condition=models.Q(completed_at__isnull=True)
            ),
            models.Index(fields=["study_date", "study_time", "id"], name="index_study_moment"),
            models.Index(fields=["patient_key", "id"], name="index_study_patient"),
            models.Index(fields=["patient_birth_date"], name="index_study_birth_date"),
        ]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        """The UID alone: names do not belong into logs."""
        return self.study_instance_uid


class Series(models.Model):
    """A series within its study; the same SeriesInstanceUID in two studies is two series.

    `revision` grows with each change of the set of its instances, as a study's does. What is prepared of a series is
    worth something for exactly that revision: `prepared_revision` and `pictured_revision` say up to which its metadata
    and its pictures were.
    """

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    series_instance_uid = models.CharField(max_length=64)
    modality = models.TextField(blank=True, default="")
    series_number = models.BigIntegerField(null=True, blank=True)
    series_description = models.TextField(blank=True, default="")
    body_part_examined = models.TextField(blank=True, default="")
    protocol_name = models.TextField(blank=True, default="")
    station_name = models.TextField(blank=True, default="")
    series_date = models.TextField(blank=True, default="")
    series_time = models.TextField(blank=True, default="")
    performed_procedure_step_start_date = models.TextField(blank=True, default="", db_default="")
    performed_procedure_step_start_time = models.TextField(blank=True, default="", db_default="")
    # What queries look at, as in Study.
    series_description_folded = models.TextField(blank=True, default="", db_default="")
    protocol_name_folded = models.TextField(blank=True, default="", db_default="")
    # Of its instances, each once, in order.
    sop_class_uids = ArrayField(models.CharField(max_length=64), blank=True, default=list, db_default=[])
    # YES where any instance says so, NO where one does and none says YES (PS3.3 C.7.6.1.1.1).
    burned_in_annotation = models.CharField(max_length=3, blank=True, default="", db_default="")
    # Items of DICOM JSON with ScheduledProcedureStepID and RequestedProcedureID, of the first instance that has any.
    request_attributes = models.JSONField(blank=True, default=list, db_default=[])
    number_of_instances = models.PositiveIntegerField(default=0)
    revision = models.BigIntegerField(default=0, db_default=0)
    prepared_revision = models.BigIntegerField(default=0, db_default=0)
    pictured_revision = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["study", "series_instance_uid"], name="index_series_of_study")]
        indexes = [
            models.Index(
                fields=["revision"],
                name="index_series_unprepared",
                condition=models.Q(prepared_revision__lt=models.F("revision")),
            ),
            models.Index(
                fields=["revision"],
                name="index_series_unpictured",
                condition=models.Q(pictured_revision__lt=models.F("revision")),
            ),
            models.Index(fields=["series_instance_uid"], name="index_series_uid"),
            models.Index(fields=["modality", "study"], name="index_series_modality"),
        ]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        """The series' UID."""
        return self.series_instance_uid


class Instance(models.Model):
    """An instance in the archive: where its file is, its digest, and where in the file its frames are."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE, related_name="instances")
    sop_instance_uid = models.CharField(max_length=64, unique=True)
    sop_class_uid = models.CharField(max_length=64)
    instance_number = models.BigIntegerField(null=True, blank=True)
    transfer_syntax_uid = models.CharField(max_length=64)
    relative_path = models.TextField(help_text="Below the archive folder, with forward slashes.")
    file_bytes = models.BigIntegerField()
    # Where in the file the data set begins: it ends with the file.
    data_set_offset = models.PositiveIntegerField()
    data_set_sha256 = models.CharField(max_length=64)
    # Digest of what stands before the data set: the two together notice any flipped bit of the file.
    header_sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField(null=True, blank=True)
    columns = models.PositiveIntegerField(null=True, blank=True)
    bits_allocated = models.PositiveIntegerField(null=True, blank=True)
    number_of_frames = models.PositiveIntegerField(null=True, blank=True)
    # Stored form of index.frames.FrameTable; null: no pixel data, or none that can be cut into frames.
    frame_table = models.JSONField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    calling_ae_title = models.TextField(blank=True, default="")
    called_ae_title = models.TextField(blank=True, default="")
    origin = models.CharField(max_length=16, choices=Origin.choices)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="index_instance_received_at")]

    def __str__(self) -> str:
        """The SOP Instance UID."""
        return self.sop_instance_uid


class InstanceMetadata(models.Model):
    """An instance's attributes as DICOM JSON; the row is made when the series is quiet, or when it is first needed."""

    instance = models.OneToOneField(Instance, on_delete=models.CASCADE, primary_key=True, related_name="metadata")
    # One JSON object (PS3.18 Annex F): no file meta, no pixel data; text, because it is only ever copied into answers.
    dicom_json = models.TextField()
    # {"00420011": [vr, offset, length], ...}: top-level values too large for dicom_json, as places in the data set, so
    # that the row holds for whatever file has this data set. The length is -1 for encapsulated pixel data.
    bulk_data = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "instance metadata"

    def __str__(self) -> str:
        """The key of the instance."""
        return str(self.pk)


class Conflict(models.Model):
    """An instance that came under a SOP Instance UID already stored, with other bytes: kept aside, never served."""

    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="conflicts")
    study_instance_uid = models.CharField(max_length=64)
    series_instance_uid = models.CharField(max_length=64)
    relative_path = models.TextField(help_text="Below the quarantine folder, with forward slashes.")
    file_bytes = models.BigIntegerField()
    data_set_sha256 = models.CharField(max_length=64)
    transfer_syntax_uid = models.CharField(max_length=64)
    received_at = models.DateTimeField(default=timezone.now)
    calling_ae_title = models.TextField(blank=True, default="")
    origin = models.CharField(max_length=16, choices=Origin.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance", "data_set_sha256"], name="index_conflict_once_per_bytes")
        ]

    def __str__(self) -> str:
        """The key of the instance and the newcomer's digest."""
        return f"{self.instance_id} {self.data_set_sha256[:12]}"


class QuarantinedFile(models.Model):
    """What was refused: the file is kept in the quarantine folder, with the reason and the peer."""

    relative_path = models.TextField(help_text="Below the quarantine folder, with forward slashes.")
    reason = models.CharField(max_length=64)
    file_bytes = models.BigIntegerField()
    received_at = models.DateTimeField(default=timezone.now)
    calling_ae_title = models.TextField(blank=True, default="")
    remote_address = models.TextField(blank=True, default="")
    origin = models.CharField(max_length=16, choices=Origin.choices)

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="index_quarantine_received_at")]

    def __str__(self) -> str:
        """The reason and the path."""
        return f"{self.reason} {self.relative_path}"
