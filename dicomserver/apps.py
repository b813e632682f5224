"""Django's entry for what concerns the DICOM Server as a whole: the commands that start its processes."""

from django.apps import AppConfig


class DicomServerConfig(AppConfig):
    """The DICOM Server itself."""

    name = "dicomserver"
    label = "dicomserver"
    verbose_name = "DICOM Server"
