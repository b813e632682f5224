"""The portal's Celery application: broker, result-free tasks, beat schedule."""

from celery import Celery

app = Celery("portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
