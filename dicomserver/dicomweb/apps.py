"""Django's entry for DICOMweb."""

from django.apps import AppConfig

from dicomserver.deleting.signals import instances_deleted


class DicomwebConfig(AppConfig):
    """The web side of the DICOM Server."""

    name = "dicomserver.dicomweb"
    label = "dicomweb"
    verbose_name = "DICOMweb"

    def ready(self) -> None:
        """Hear of what is deleted; what needs models is imported when they are there."""
        from dicomserver.dicomweb.forgetting import forget_deleted  # noqa: PLC0415

        instances_deleted.connect(forget_deleted, dispatch_uid="dicomweb.forget_deleted")
