"""Django's entry for DICOMweb."""

from django.apps import AppConfig


class DicomwebConfig(AppConfig):
    """The web side of the DICOM Server."""

    name = "dicomserver.dicomweb"
    label = "dicomweb"
    verbose_name = "DICOMweb"
