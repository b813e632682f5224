"""Django's entry for HL7: the command that listens."""

from django.apps import AppConfig


class Hl7Config(AppConfig):
    """HL7 version 2 over MLLP."""

    name = "dicomserver.hl7"
    label = "hl7"
    verbose_name = "HL7"
