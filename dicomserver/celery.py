"""The DICOM Server's Celery application: its worker delivers the outbox, its beat sets the pace."""

from celery import Celery

app = Celery("dicomserver")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
