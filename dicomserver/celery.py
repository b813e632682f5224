"""The DICOM Server's Celery application: its worker delivers the outbox, its beat sets the pace."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dicomserver.settings.development")

app = Celery("dicomserver")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
