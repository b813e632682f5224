"""The catalogue: each row of Study is a *holding*, one study as one DICOM Server holds it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from portal.institutions.models import Institution
from portal.servers.models import DicomServer


class Patient(models.Model):
    """A patient exactly as one institution describes them; another spelling or birth date is another row."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="patients")
    identity_digest = models.CharField(max_length=64)
    """SHA-256 over every identifying value, so that nothing is ever overwritten by a namesake."""
    patient_id = models.CharField(max_length=256, blank=True)
    issuer_of_patient_id = models.CharField(max_length=256, blank=True)
    patient_name = models.CharField(max_length=1300, blank=True)
    """Alphabetic group as sent, `Family^Given^Middle^Prefix^Suffix`."""
    patient_name_ideographic = models.CharField(max_length=1300, blank=True)
    patient_name_phonetic = models.CharField(max_length=1300, blank=True)
    name_key = models.CharField(max_length=1300, blank=True)
    """Folded and transliterated, for sorting and search; never shown."""
    patient_birth_date = models.DateField(null=True, blank=True)
    patient_birth_date_text = models.CharField(max_length=64, blank=True)
    """The birth date as sent."""
    patient_sex = models.CharField(max_length=16, blank=True)
    is_masked: bool = False
    """True for copies without identity, which are in no table; no column."""
    told_age: str = ""
    """The age where the birth date is withheld; no column, set on such copies alone."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["institution", "identity_digest"], name="one_patient_per_description")
        ]
        indexes = [models.Index(fields=["patient_id"])]

    def __str__(self) -> str:
        return f"patient {self.pk} of {self.institution_id}"


class IdentifierKind(models.TextChoices):
    """Where an identifier stood in the data set."""

    PATIENT_ID = "patient_id"  # (0010,0020) with (0010,0021)
    OTHER = "other"  # (0010,1002)
    NATIONAL = "national"


class PatientIdentifier(models.Model):
    """One identifier of a patient, under its issuer."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="identifiers")
    issuer = models.CharField(max_length=256, blank=True)
    identifier = models.CharField(max_length=256)
    kind = models.CharField(max_length=16, choices=IdentifierKind.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "issuer", "identifier"], name="one_row_per_identifier")
        ]
        indexes = [models.Index(fields=["issuer", "identifier"])]

    def __str__(self) -> str:
        return f"identifier {self.pk} of patient {self.patient_id}"


class Study(models.Model):
    """A holding, keyed (server, StudyInstanceUID). Read it only through `portal.grants`."""

    server = models.ForeignKey(DicomServer, on_delete=models.PROTECT, related_name="studies")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="studies")
    study_instance_uid = models.CharField(max_length=64)
    revision = models.PositiveBigIntegerField()
    """Of the newest report taken in; an older one never overwrites it."""
    study_date = models.DateField(null=True, blank=True)
    study_date_text = models.CharField(max_length=64, blank=True)
    study_time_text = models.CharField(max_length=64, blank=True)
    timezone_offset_from_utc = models.CharField(max_length=64, blank=True)
    accession_number = models.CharField(max_length=256, blank=True)
    study_id = models.CharField(max_length=256, blank=True)
    study_description = models.CharField(max_length=1024, blank=True)
    referring_physician_name = models.CharField(max_length=1300, blank=True)
    institution_name = models.CharField(max_length=1024, blank=True)
    """As the equipment wrote it; who owns the study is decided by the server."""
    modalities_in_study = ArrayField(models.CharField(max_length=16), default=list)
    body_parts_examined = ArrayField(models.CharField(max_length=64), default=list)
    station_names = ArrayField(models.CharField(max_length=64), default=list)
    calling_ae_titles = ArrayField(models.CharField(max_length=64), default=list)
    number_of_study_related_series = models.PositiveIntegerField(default=0)
    number_of_study_related_instances = models.PositiveIntegerField(default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0)
    is_complete = models.BooleanField(default=False)
    first_received_at = models.DateTimeField()
    last_received_at = models.DateTimeField()
    is_removed = models.BooleanField(default=False)
    """Nothing of it is on the server any more: it opens nothing until a newer report brings it back."""
    search_vector = SearchVectorField(null=True, editable=False)
    """'simple' configuration over folded and transliterated text."""
    patient_sort = models.CharField(max_length=200, blank=True)
    modality_sort = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "studies"
        constraints = [
            models.UniqueConstraint(fields=["server", "study_instance_uid"], name="one_holding_per_server_and_uid")
        ]
        indexes = [
            models.Index(fields=["study_instance_uid"]),
            models.Index(fields=["-first_received_at", "-id"]),
            models.Index(fields=["server", "-first_received_at", "-id"]),
            models.Index(fields=["patient", "-study_date"]),
            models.Index(fields=["study_date", "id"]),
            models.Index(fields=["patient_sort", "id"]),
            models.Index(fields=["modality_sort", "id"]),
            models.Index(
                fields=["-first_received_at", "-id"], condition=models.Q(is_complete=False), name="study_arriving"
            ),
            models.Index(fields=["accession_number"]),
            GinIndex(fields=["search_vector"], name="study_search"),
            GinIndex(fields=["modalities_in_study"], name="study_modalities"),
        ]

    def __str__(self) -> str:
        return self.study_instance_uid


class Series(models.Model):
    """A series of a holding, as last reported."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="series")
    series_instance_uid = models.CharField(max_length=64)
    modality = models.CharField(max_length=16, blank=True)
    series_number = models.IntegerField(null=True, blank=True)
    series_description = models.CharField(max_length=1024, blank=True)
    body_part_examined = models.CharField(max_length=64, blank=True)
    protocol_name = models.CharField(max_length=1024, blank=True)
    station_name = models.CharField(max_length=64, blank=True)
    number_of_series_related_instances = models.PositiveIntegerField(default=0)
    burned_in_annotation = models.CharField(max_length=3, blank=True)
    """YES where an instance says that its pixels tell who the patient is (0028,0301), NO where one denies it."""

    class Meta:
        verbose_name_plural = "series"
        ordering = ["series_number", "series_instance_uid"]
        constraints = [
            models.UniqueConstraint(fields=["study", "series_instance_uid"], name="one_series_per_holding_and_uid")
        ]

    def __str__(self) -> str:
        return self.series_instance_uid


class PhysicianPart(models.TextChoices):
    """What a physician is to a study."""

    REFERRING = "referring"  # (0008,0090)
    REQUESTING = "requesting"  # (0032,1032)


class StudyPhysician(models.Model):
    """A physician whom a study names."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="physicians")
    part = models.CharField(max_length=12, choices=PhysicianPart.choices)
    physician_name = models.CharField(max_length=1300)
    name_key = models.CharField(max_length=400)

    class Meta:
        indexes = [models.Index(fields=["name_key"])]
        constraints = [
            models.UniqueConstraint(fields=["study", "part", "name_key"], name="one_row_per_physician_and_part")
        ]

    def __str__(self) -> str:
        return f"{self.part} physician of study {self.study_id}"
